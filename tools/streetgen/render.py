"""Rendering a scene with OpenGL, without a screen or a GPU."""
from types import ModuleType

import numpy as np

from . import shaders
from .camera import Camera
from .labels import Label
from .light import Light
from .mesh import Mesh

SHADOW_MAP_SIZE = (2048, 2048)
VERTEX_FORMAT = ('3f 3f 2f 3f 3f', 'in_position', 'in_normal', 'in_uv',
                 'in_color', 'in_tags')
INSTALL_HINT = (
    'streetgen renders with OpenGL. Install it with "pip install moderngl" '
    'and, on Debian or Ubuntu, "apt-get install libegl1 libgl1-mesa-dri" (a '
    'software driver; no GPU is needed)')


def import_moderngl() -> ModuleType:
    """Import the optional package for OpenGL.

    Returns:
        The module.

    Raises:
        RuntimeError: If it is missing.
    """
    try:
        import moderngl
    except ImportError as error:
        raise RuntimeError(f'moderngl is missing. {INSTALL_HINT}') from error
    return moderngl


class Renderer:
    """An OpenGL context that renders scenes at a fixed size.

    Args:
        size: Width and height. Defaults to (480, 360).
        supersampling: Factor of the size at which images are rendered before
            averaging. Label maps are not supersampled. Defaults to 2.

    Raises:
        RuntimeError: If OpenGL is not available.
    """

    def __init__(self,
                 size: tuple[int, int] = (480, 360),
                 supersampling: int = 2) -> None:
        moderngl = import_moderngl()
        try:
            self.gl = moderngl.create_standalone_context(backend='egl')
        # The loader of EGL raises bare exceptions.
        except Exception as error:
            raise RuntimeError(
                f'No EGL context ({error}). {INSTALL_HINT}') from error
        self.depth_test = moderngl.DEPTH_TEST
        self.size, self.supersampling = size, supersampling
        self._make_programs()
        self._make_targets()

    def _make_programs(self) -> None:
        gl = self.gl
        self.street, self.labels, self.shadow = (
            gl.program(
                vertex_shader=shaders.VERTEX, fragment_shader=fragment)
            for fragment in (shaders.STREET, shaders.LABEL, shaders.SHADOW))
        self.sky = gl.program(
            vertex_shader=shaders.SKY_VERTEX, fragment_shader=shaders.SKY)
        # A single triangle that covers the image.
        corners = gl.buffer(np.array([-1, -1, 3, -1, -1, 3], 'f4').tobytes())
        self.sky_triangle = gl.vertex_array(self.sky,
                                            [(corners, '2f', 'in_corner')])

    def _make_targets(self) -> None:
        gl = self.gl
        fine = tuple(n * self.supersampling for n in self.size)
        self.color_target = gl.framebuffer([gl.texture(fine, 4, dtype='f2')],
                                           gl.depth_renderbuffer(fine))
        self.label_target = gl.framebuffer([gl.texture(self.size, 4)],
                                           gl.depth_renderbuffer(self.size))
        self.shadow_map = gl.depth_texture(SHADOW_MAP_SIZE)
        # Read as plain depth, since the shader does the comparison.
        self.shadow_map.compare_func = ''
        self.shadow_target = gl.framebuffer(depth_attachment=self.shadow_map)

    def render(self, mesh: Mesh, camera: Camera,
               light: Light) -> tuple[np.ndarray, np.ndarray]:
        """Render a scene.

        Args:
            mesh: The geometry.
            camera: The view.
            light: Sun and sky.

        Returns:
            Linear light of shape (H, W, 3), float32, and class ids of shape
            (H, W), uint8.
        """
        width, height = self.size
        uniforms = dict(
            vars(light),
            eye=camera.eye,
            view_projection=camera.projection(width / height),
            light_projection=light.projection())
        vertices = self.gl.buffer(mesh.data().tobytes())
        self._render_shadow_map(vertices, uniforms)
        radiance = self._render_image(vertices, uniforms)
        labels = self._render_labels(vertices, uniforms)
        vertices.release()
        return radiance, labels

    def _render_shadow_map(self, vertices: object, uniforms: dict) -> None:
        from_sun = uniforms['light_projection']
        self.gl.enable(self.depth_test)
        self.shadow_target.use()
        self.shadow_target.clear()
        self._render(self.shadow, vertices,
                   dict(uniforms, view_projection=from_sun))

    def _render_image(self, vertices: object, uniforms: dict) -> np.ndarray:
        self.color_target.use()
        self.color_target.clear()
        self.gl.disable(self.depth_test)
        from_clip = np.linalg.inv(uniforms['view_projection'])
        _set_uniforms(self.sky, dict(uniforms, from_clip=from_clip))
        self.sky_triangle.render()
        self.gl.enable(self.depth_test)
        self.shadow_map.use(0)
        self._render(self.street, vertices, uniforms)
        width, height = self.size
        factor = self.supersampling
        data = self.color_target.read(components=3, dtype='f2')
        # OpenGL stores the bottom row first.
        fine = np.frombuffer(data, 'f2').reshape(
            height * factor, width * factor, 3)[::-1].astype('f4')
        return fine.reshape(height, factor, width, factor, 3).mean((1, 3))

    def _render_labels(self, vertices: object, uniforms: dict) -> np.ndarray:
        self.label_target.use()
        self.label_target.clear(Label.SKY / 255.)
        self._render(self.labels, vertices, uniforms)
        width, height = self.size
        data = self.label_target.read(components=1)
        return np.frombuffer(data, 'u1').reshape(height, width)[::-1].copy()

    def _render(self, program: object, vertices: object,
              uniforms: dict) -> None:
        _set_uniforms(program, uniforms)
        # A program ignores the vertex fields it does not use.
        array = self.gl.vertex_array(
            program, [(vertices, *VERTEX_FORMAT)], skip_errors=True)
        array.render()
        array.release()


def _set_uniforms(program: object, uniforms: dict) -> None:
    """Set the uniforms that a program uses."""
    for name, value in uniforms.items():
        if name in program:
            value = np.asarray(value, 'f4')
            # OpenGL stores matrices by columns; .T does not change vectors.
            program[name].write(value.T.tobytes())
