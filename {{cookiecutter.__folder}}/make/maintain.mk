.PHONY: lock-check
lock-check: ## Fail unless uv.lock is here and fits pyproject.toml
	@test -f uv.lock || { echo "uv.lock is missing: run make setup, then git add uv.lock && git commit"; exit 1; }
	uv lock --check

.PHONY: upgrade
# Findings of the audit do not stop the tests: there may be no release yet that cures them.
upgrade: relock ## Move every dependency to its newest release of today, audit, test
	$(SYNC)
	-@$(MAKE) --no-print-directory audit
	$(MAKE) --no-print-directory test
	@echo "Upgraded: commit pyproject.toml and uv.lock. To go back: git checkout pyproject.toml uv.lock && make setup"

.PHONY: relock
relock: ## Let pyproject.toml take releases up to today, and lock them
	sed -i.old "s/^exclude-newer = .*/exclude-newer = \"$$(date -u +%F)T00:00:00Z\"/" pyproject.toml
	@rm pyproject.toml.old
	uv lock --upgrade

.PHONY: audit
# uv exits with 1 for findings, and with 2 when it got no answer.
audit: ## Look for known vulnerabilities in what uv.lock names
	@uv audit --frozen --preview-features audit-command $(AUDIT_FLAGS) || { code=$$?; test $$code = 2 || exit $$code; \
	echo "Not audited: the vulnerability database gave no answer. Try again with a network."; }

# $(call look,test,what,cure) prints a line, and counts what is missing.
look = if { $(1); } >/dev/null 2>&1; then echo "ok       $(2)"; else echo "missing  $(2): $(3)"; missing=1; fi;
# The same for what one can do without.
hint = if { $(1); } >/dev/null 2>&1; then echo "ok       $(2)"; else echo "optional $(2): $(3)"; fi;
FREE_GIB = $$(( $$(df -Pk . | tail -1 | awk '{print $$4}') / 1048576 ))

.PHONY: doctor
# Options add their own lines to DOCTOR.
doctor: ## Say what is missing on this machine, and the cure
	@$(call look,command -v uv,uv,python3 -m pip install uv) \
	$(call look,git rev-parse --git-dir,a git repository,git init -b main) \
	$(call look,test -f .git/hooks/pre-commit,git hooks,make setup) \
	$(call look,test -f uv.lock,the lock file uv.lock,make setup) \
	$(call look,git ls-files --error-unmatch uv.lock,uv.lock in git (CI installs it),git add uv.lock && git commit) \
	$(call look,$(RUN) python -c "import $(PACKAGE)",the environment .venv,make setup) \
	$(call look,test -f models/model.json,an evaluated model,make pipeline) \
	$(call hint,command -v chromium || command -v google-chrome,Chromium (for the test of the page),apt-get install chromium) \
	$(call look,test $(FREE_GIB) -ge 3,3 GiB of free disk ($(FREE_GIB) here),make clean or uv cache prune) \
	$(DOCTOR) \
	exit $${missing:-0}
