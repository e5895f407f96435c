FROM scratch
ARG TARGETARCH
COPY ${TARGETARCH}/ /
ENV PATH=/usr/local/bin:/usr/bin
USER 1000
ENTRYPOINT ["visits"]
