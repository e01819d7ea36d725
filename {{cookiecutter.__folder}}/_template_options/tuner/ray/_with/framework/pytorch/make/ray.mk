.PHONY: train-on-ray
train-on-ray: ## Train one model with workers that Ray places: make train-on-ray MODEL=cnn WORKERS=2
	@test -n "$(MODEL)" || { echo "Which model of params.yaml? make train-on-ray MODEL=cnn WORKERS=2"; exit 2; }
	$(STEP) train_on_ray --model "$(MODEL)" $(if $(WORKERS),--workers $(WORKERS))
