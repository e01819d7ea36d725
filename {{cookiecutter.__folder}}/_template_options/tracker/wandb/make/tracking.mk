ENV_FILE := $(if $(wildcard .env),--env-file .env)

.PHONY: tracking-ui
tracking-ui: ## Look at the tracked runs in the terminal (W&B LEET, offline)
	@test -d .cache/runs/wandb || { echo "No runs yet: make pipeline"; exit 1; }
	$(RUN) wandb leet .cache/runs/wandb

.PHONY: tracking-sync
tracking-sync: ## Send the offline runs to W&B; needs WANDB_API_KEY in the environment or in .env
	@test -n "$(wildcard .cache/runs/wandb/offline-run-*)" || { echo "No offline runs: nothing to send"; exit 1; }
	@test -n "$$WANDB_API_KEY" || grep -qs '^WANDB_API_KEY=.' .env || { echo "Set WANDB_API_KEY in .env"; exit 1; }
	uv run --no-sync $(ENV_FILE) wandb sync .cache/runs/wandb/offline-run-*
