#!/bin/bash
set -eo pipefail
mkdir -p /etc/localstack/init/{boot.d,start.d,ready.d,shutdown.d}
exec python -m localstack.runtime.main
