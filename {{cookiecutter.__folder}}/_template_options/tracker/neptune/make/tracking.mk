ENV_FILE := $(if $(wildcard .env),--env-file .env)
# Not in the lock: each is installed beside the environment, when it is asked for.
OTHER_tensorboard := tensorboard>=2.18
OTHER_mlflow := mlflow>=3.10
OTHER_wandb := wandb>=0.20

.PHONY: tracking-export
tracking-export: ## Take the runs to another tracker: make tracking-export TO=tensorboard (mlflow, wandb)
	@test -n "$(OTHER_$(TO))" || { echo "Where to? make tracking-export TO=tensorboard, TO=mlflow or TO=wandb"; exit 2; }
	uv run --no-sync --with '$(OTHER_$(TO))' python -m $(PACKAGE) export_runs --to $(TO)

.PHONY: tracking-ui
tracking-ui: ## Look at the tracked runs (exported to TensorBoard, at http://127.0.0.1:6006, or PORT=)
	@test -d .cache/runs/.neptune || { echo "No runs yet: make pipeline"; exit 1; }
	@$(MAKE) --no-print-directory tracking-export TO=tensorboard
	uv run --no-sync --with '$(OTHER_tensorboard)' tensorboard --logdir .cache/runs --host 127.0.0.1 --port $(if $(filter file,$(origin PORT)),6006,$(or $(PORT),6006))

# The command `neptune` itself wants pkg_resources, which setuptools no longer has.
SYNC_RUNS := from neptune.cli.commands import sync; sync()

.PHONY: tracking-sync
tracking-sync: ## Send the offline runs to a server; needs NEPTUNE_API_TOKEN and NEPTUNE_PROJECT, here or in .env
	@test -d .cache/runs/.neptune || { echo "No runs yet: make pipeline"; exit 1; }
	@test -n "$$NEPTUNE_API_TOKEN" || grep -qs '^NEPTUNE_API_TOKEN=.' .env || { echo "Set NEPTUNE_API_TOKEN in .env"; exit 1; }
	uv run --no-sync $(ENV_FILE) python -c "$(SYNC_RUNS)" --path .cache/runs
