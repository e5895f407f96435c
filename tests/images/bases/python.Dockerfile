ARG ALPINE
FROM ${ALPINE}
ARG TARGETARCH
COPY ${TARGETARCH}/ /
# Where packages come from, as its users set it.
ARG PACKAGES
ENV UV_DEFAULT_INDEX=http://${PACKAGES}/simple/
