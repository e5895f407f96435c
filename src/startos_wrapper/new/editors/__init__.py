"""Editors of answers: each is a flow of views, driven by what copier.yml and hooks/data/answers.yaml say."""
