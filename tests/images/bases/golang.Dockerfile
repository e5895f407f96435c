ARG ALPINE
FROM ${ALPINE}
ARG TARGETARCH
COPY ${TARGETARCH}/ /
ENV GOTOOLCHAIN=local GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /go
