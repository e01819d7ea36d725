.PHONY: edge
edge: ## Write the evaluated model for a phone or a board, float and int8, into models/edge
	$(STEP) edge
