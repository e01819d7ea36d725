.PHONY: convert
convert: ## Weights to or from another framework: make convert MODEL=cnn TO=cnn.safetensors (or FROM=)
	@test -n "$(MODEL)" -a -n "$(TO)$(FROM)" || { echo "Which model, and where? make convert MODEL=cnn TO=cnn.safetensors, or FROM="; exit 2; }
	$(STEP) convert --model "$(MODEL)" $(if $(TO),--to "$(TO)") $(if $(FROM),--from "$(FROM)")
