OUTPUT ?= predictions.parquet

.PHONY: score
score: ## Predict a Parquet file: make score INPUT=rows.parquet OUTPUT=predictions.parquet
	@test -n "$(INPUT)" || { echo "Which file? make score INPUT=rows.parquet OUTPUT=predictions.parquet"; exit 2; }
	$(STEP) score --input "$(INPUT)" --output "$(OUTPUT)"
