# A certified mail provider in a container. Debian serves only to run npm ci: the runtime is the one of the lock file.
#   docker build -t openpec .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libatomic1 nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/openpec
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY LICENSE README.md CHANGELOG.md publiccode.yml tsconfig.json ./
COPY bin bin
COPY docs docs
COPY src src

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libatomic1 tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 2525 openpec \
 && useradd --system --uid 2525 --gid openpec --home-dir /var/lib/openpec --shell /usr/sbin/nologin openpec \
 && install -d -o openpec -g openpec -m 0700 /etc/openpec /var/lib/openpec
COPY --from=build /opt/openpec /opt/openpec
RUN ln -s /opt/openpec/bin/pec /usr/local/bin/pec
ENV PEC_CONFIG=/etc/openpec/config.json
VOLUME ["/etc/openpec", "/var/lib/openpec"]
EXPOSE 25 110 143 443 465 587 993 995
USER openpec
WORKDIR /var/lib/openpec
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=15s CMD ["pec", "health"]
ENTRYPOINT ["pec"]
CMD ["serve"]
