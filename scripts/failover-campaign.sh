#!/usr/bin/env bash
# Lets the pool that carries the load fail again and again, each time in another way, and holds the ledger against what
# pools and miners noted themselves: nobody disconnected, no share missing or twice.
#   scripts/failover-campaign.sh [failovers, 1000 if not given]
# ROUTER_FAILOVER_SEED repeats the faults of an earlier campaign.
set -euo pipefail
cd "$(dirname "$0")/.."
ROUTER_FAILOVER_ROUNDS="${1:-1000}" swift test --no-parallel --filter FailoverCampaignTests
