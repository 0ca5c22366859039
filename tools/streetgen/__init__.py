"""A small procedural street-scene renderer with exact pixel labels.

Everything is generated: geometry in NumPy, textures, light and shadow in
GLSL. No downloaded asset is used. ``generate.py`` is the program;
``scene.draw_scene`` makes the geometry of one street and needs no OpenGL;
``render.Renderer`` draws it.
"""
