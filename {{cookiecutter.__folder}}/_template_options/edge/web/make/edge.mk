PORT ?= 3000
DOCTOR += $(call look,command -v npm,npm (for make edge),apt-get install npm)

.PHONY: edge
edge: web/node_modules/.package-lock.json ## Build the page that predicts in the browser, for any host of files: web/dist
	$(STEP) edge

.PHONY: edge-serve
edge-serve: ## Show that page at 127.0.0.1 (PORT=3000)
	@test -f web/dist/index.html || { echo "web/dist is missing: run make edge"; exit 1; }
	exec $(RUN) python -m http.server --bind 127.0.0.1 --directory web/dist $(PORT)

# npm writes this file last. A committed lock file is what gets installed, or it fails.
web/node_modules/.package-lock.json: web/package.json $(wildcard web/package-lock.json)
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 1; }
	npm --prefix web $(if $(wildcard web/package-lock.json),ci,install)
	@touch $@
