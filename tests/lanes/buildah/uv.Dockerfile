# Stands in for uv's own image.
FROM scratch
COPY uv /uv
