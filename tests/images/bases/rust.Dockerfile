ARG ALPINE
FROM ${ALPINE}
ARG TARGETARCH
COPY ${TARGETARCH}/ /
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
