DVC := DVC_NO_ANALYTICS=1 $(RUN) dvc
BASE ?= main
export BASE
DOCTOR += $(call hint,test -n "$$($(DVC) config core.remote)",a remote for data and models,see docs/data-versioning.md)

# Tables of one's own; DVC passes them over in a folder that git ignores, unless they are named.
TABLES := $(wildcard data/source/*.dvc)

# DVC wants a git repository unless its own, uncommitted settings say otherwise.
.PHONY: scm
scm:
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
	if grep -qs no_scm .dvc/config.local; then $(DVC) config --local --unset core.no_scm; fi; \
	else echo "Not a git repository yet, so no version of data or models is kept: git init -b main && git add -A && git commit"; \
	grep -qs no_scm .dvc/config.local || $(DVC) config --local core.no_scm true; fi

.PHONY: pipeline
pipeline: scm ## Run what is out of date, from the source to the evaluated model
	$(DVC) repro

.PHONY: metrics
metrics: scm ## Compare the metrics with those of another commit: make metrics BASE=main
	@if git rev-parse --quiet --verify "$$BASE^{commit}" >/dev/null; then $(DVC) metrics diff --all --md "$$BASE"; \
	else echo "Nothing to compare with: there is no commit $$BASE here."; fi

.PHONY: data-push
# Where to: docs/data-versioning.md.
data-push: scm ## Copy data and models to the remote folder or bucket
	$(DVC) push
	$(if $(TABLES),$(DVC) push $(TABLES))

.PHONY: data-pull
data-pull: scm ## Bring the data and models that dvc.lock names
	$(DVC) pull
	$(if $(TABLES),$(DVC) pull $(TABLES))

.PHONY: data-verify
# An empty folder for DVC's notes makes it read every byte again, instead of trusting dates.
data-verify: scm ## Read every byte of data and models, and name what differs from dvc.lock
	@notes=$$(mktemp -d); trap 'rm -rf "$$notes"' EXIT; \
	status=$$(DVC_SITE_CACHE_DIR="$$notes" $(DVC) data status --granular --json) && \
	printf '%s' "$$status" | $(RUN) python make/verify.py
