FROM scratch
ARG TARGETARCH TARGETVARIANT
COPY ${TARGETARCH}${TARGETVARIANT}/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/sh"]
