ARG ALPINE
FROM ${ALPINE}
ARG TARGETARCH
COPY ${TARGETARCH}/ /
# Where packages come from. As its users set it, but for the integrity keys: they're those of the public registry.
ARG PACKAGES
ENV npm_config_registry=http://${PACKAGES}/npm/ pnpm_config_registry=http://${PACKAGES}/npm/ \
    COREPACK_NPM_REGISTRY=http://${PACKAGES}/npm COREPACK_INTEGRITY_KEYS=0 \
    YARN_NPM_REGISTRY_SERVER=http://${PACKAGES}/npm YARN_UNSAFE_HTTP_WHITELIST=*
