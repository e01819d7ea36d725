# Another make file's default is for that one's server.
TRACKING_PORT = $(if $(filter file,$(origin PORT)),5001,$(or $(PORT),5001))

.PHONY: tracking-ui
tracking-ui: export MLFLOW_DISABLE_TELEMETRY := true
# Its queue of jobs is for language models, and nine processes more.
tracking-ui: export MLFLOW_SERVER_ENABLE_JOB_EXECUTION := false
tracking-ui: ## Look at the tracked runs (MLflow at http://127.0.0.1:5001, or PORT=)
	@test -f .cache/runs/mlflow.db || { echo "No runs yet: make pipeline"; exit 1; }
	$(RUN) mlflow server --backend-store-uri sqlite:///.cache/runs/mlflow.db \
		--default-artifact-root .cache/runs/artifacts --no-serve-artifacts \
		--host 127.0.0.1 --port $(TRACKING_PORT) --workers 1 --x-frame-options DENY \
		--allowed-hosts 127.0.0.1:$(TRACKING_PORT),localhost:$(TRACKING_PORT)

.PHONY: tracking-sync
tracking-sync: ## Send the runs that the server lacks; needs MLFLOW_TRACKING_URI in the environment or in .env
	$(STEP) sync
