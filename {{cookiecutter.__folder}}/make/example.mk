# Test files that know the example's data have its name in theirs.
.PHONY: remove-example
remove-example: ## Take the digits out; a table in data/source takes their place
	mv make/own_data/*.py src/$(PACKAGE)/data/
	mv make/own_data/params.yaml params.yaml
	find tests -name '*digits*' -prune -exec rm -r {} +
	rm -rf make/own_data make/example.mk data/raw data/validated data/prepared models reports
	sed -i.old '/remove-example/d' README.md && rm README.md.old
	@echo "Next:"
	@echo "  1. put your table at data/source/rows.parquet or rows.csv"
	@echo "  2. describe its columns in src/$(PACKAGE)/data/schema.py, and its origin in source.py"
	@echo "  3. look at the limits of validate and evaluate in params.yaml, then: make pipeline"
	@echo "data/source/README.md says how a version of the table is kept. What the project is for is"
	@echo "written in README.md, pyproject.toml and src/$(PACKAGE)/page/index.html: say it anew."
