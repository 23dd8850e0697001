# The PRD's convenience commands. Each is one script of scripts/, and each script calls the project's own programs.
# TARGET is sim (default: nothing but Rust is needed), host, kind or context:NAME.
TARGET ?= sim

.PHONY: help setup deploy-blue-green deploy-canary report test check cleanup

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -e 's/:.*## /\t/'

setup: ## Bring the target's cluster up, and say what the machine lacks for it
	@scripts/setup-cluster.sh $(TARGET)

deploy-blue-green: ## A blue-green release: deployed, previewed, promoted, rolled back (PRD Phase 2)
	@scripts/deploy-blue-green.sh $(TARGET)

deploy-canary: ## A canary release: through its weights, and a bad one given up (PRD Phase 3)
	@scripts/deploy-canary.sh $(TARGET)

report: ## What of the PRD is done on the target
	@cargo run --quiet -p task-manager -- report --target $(TARGET)

test: ## The tests that need Rust and a C compiler only
	@cargo test --workspace --locked

check: ## Every linter and every test that needs a tool
	@cargo xtask check

cleanup: ## Take the target's cluster down and forget what was done; nothing stays
	@scripts/cleanup.sh $(TARGET)
