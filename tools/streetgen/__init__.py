"""A small procedural street-scene renderer with exact pixel labels.

Everything is generated: geometry in NumPy, and textures, light and shadow in
GLSL. No assets are downloaded. ``generate.py`` is the program.
``scene.sample_scene`` builds the geometry of one street and does not need
OpenGL; ``render.Renderer`` renders it.
"""
