# CI and laptops have no GPU: they get the build for the CPU, from the same lock.
ACCELERATOR ?= $(if $(wildcard /proc/driver/nvidia/version),cuda,cpu)
SYNC = uv sync $(if $(filter cpu,$(ACCELERATOR)),--no-group cuda --group cpu)
DOCTOR += $(call hint,nvidia-smi,an NVIDIA driver,training takes the CPU without one)
