.PHONY: tracking-ui
tracking-ui: ## Look at the tracked runs (TensorBoard at http://127.0.0.1:6006, or PORT=)
	@test -d .cache/runs || { echo "No runs yet: make pipeline"; exit 1; }
	$(RUN) tensorboard --logdir .cache/runs --host 127.0.0.1 --port $(if $(filter file,$(origin PORT)),6006,$(or $(PORT),6006))
