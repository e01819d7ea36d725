"""Let the project assemble itself from the chosen options, and say what to do next."""

import runpy

runpy.run_path("_template_options/assemble.py", run_name="__main__")
