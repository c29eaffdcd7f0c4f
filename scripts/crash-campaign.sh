#!/usr/bin/env bash
# Kills the router under load again and again, and holds its ledger against what pools and miners noted themselves.
#   scripts/crash-campaign.sh [rounds, 100 if not given]
set -euo pipefail
cd "$(dirname "$0")/.."
ROUTER_CRASH_ROUNDS="${1:-100}" swift test --no-parallel --filter CrashCampaignTests
