# One static file and nothing else: the time zones are in the program.
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /extrato ./cmd/extrato && mkdir -p /empty/data /empty/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /empty/ /
COPY --from=build /extrato /extrato
USER 65532:65532
ENV HOST=0.0.0.0 EXTRATO_BACKUPS=/data/backups DATABASE_URL=sqlite:////data/extrato.db TMPDIR=/tmp GOMEMLIMIT=384MiB
VOLUME /data
EXPOSE 8080
# There is no shell and no curl: the program asks itself.
HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["/extrato", "serve", "--check"]
ENTRYPOINT ["/extrato"]
CMD ["serve"]
