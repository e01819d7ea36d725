# Test files that know the example's data have its name in theirs.
.PHONY: remove-example
remove-example: ## Take the digits out; a table in data/source takes their place
	mv make/own_data/*.py src/$(PACKAGE)/data/
	find tests -name '*digits*' -prune -exec rm -r {} +
	rm -rf make/own_data make/example.mk data/raw data/validated data/prepared models reports
	@echo "Put your table at data/source/rows.parquet or rows.csv, describe it in"
	@echo "src/$(PACKAGE)/data/schema.py, and run: make pipeline"
