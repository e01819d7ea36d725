.PHONY: tracking-ui
# Its queue of background jobs is for evaluations of language models, and nine processes more.
tracking-ui: export MLFLOW_DISABLE_TELEMETRY := true
tracking-ui: export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
tracking-ui: PORT ?= 5001
tracking-ui: ## Look at the tracked runs (MLflow at http://127.0.0.1:5001, or PORT=)
	@test -f .cache/runs/mlflow.db || { echo "No runs yet: make pipeline"; exit 1; }
	$(RUN) mlflow server --backend-store-uri sqlite:///.cache/runs/mlflow.db \
		--default-artifact-root .cache/runs/artifacts --no-serve-artifacts \
		--host 127.0.0.1 --port $(PORT) --workers 1 \
		--allowed-hosts 127.0.0.1:$(PORT),localhost:$(PORT) --x-frame-options DENY

.PHONY: tracking-sync
tracking-sync: ## Send the runs that the server lacks; needs MLFLOW_TRACKING_URI in the environment or in .env
	$(STEP) sync
