PORT ?= 3000
PAGE ?= on

.PHONY: serve
serve: ## Serve the model, and a page to try it on, at 127.0.0.1 (PORT=3000)
	PAGE=$(PAGE) exec $(RUN) python -m $(PACKAGE).service --host 127.0.0.1 --port $(PORT)
