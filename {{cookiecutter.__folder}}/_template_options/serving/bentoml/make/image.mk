IMAGE ?= $(subst _,-,$(PACKAGE))
# The first engine that answers; `make image ENGINE=podman` takes another.
ENGINE ?= $(firstword $(foreach engine,docker podman buildah,$(shell $(engine) info >/dev/null 2>&1 && echo $(engine))))
MODEL_ID = $(shell python3 -c "import json; print(json.load(open('models/model.json'))['id'])" 2>/dev/null)

.PHONY: image
# Docker's format, because the other one has no health check.
image: ## Build the service's container image, tagged with the model's id
	@test -n "$(ENGINE)" || { echo "No container engine answers: install docker, podman or buildah"; exit 1; }
	@test -n "$(MODEL_ID)" || { echo "models/model.json is missing: run make pipeline"; exit 1; }
	@test -f uv.lock || { echo "uv.lock is missing: run make setup"; exit 1; }
	$(ENGINE) build $(if $(filter docker,$(ENGINE)),,--format docker) \
		--label org.opencontainers.image.revision=$(shell git rev-parse -q --verify HEAD 2>/dev/null || echo unversioned) \
		--tag $(IMAGE):$(MODEL_ID) --tag $(IMAGE):latest .
