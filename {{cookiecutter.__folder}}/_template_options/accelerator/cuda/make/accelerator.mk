# CI and laptops have no GPU: they get the build for the CPU, from the same lock.
ACCELERATOR ?= $(if $(shell nvidia-smi -L 2>/dev/null),cuda,cpu)
$(if $(filter cpu cuda,$(ACCELERATOR)),,$(error ACCELERATOR is cpu or cuda, not $(ACCELERATOR)))
SYNC = uv sync $(if $(filter cpu,$(ACCELERATOR)),--no-group cuda --group cpu)
DOCTOR += $(call hint,nvidia-smi,an NVIDIA driver,training takes the CPU without one)
