"""GLSL programs: sky, street, shadow map and label map.

Textures are procedural. ``MATERIALS`` defines the numbers of
:class:`.labels.Material` for the shaders. ``px`` is the size of a pixel in
texture coordinates, which fades out fine patterns in the distance.
"""
from .labels import Material

VERSION = '#version 330\n'
MATERIALS = ''.join(f'#define {material.name} {material.value}\n'
                    for material in Material)

VERTEX_OUTPUTS = '''
in vec3 world, normal, color;
in vec2 uv;
in vec4 in_light;
flat in vec3 tags;  // material, label, seed
'''

NOISE = '''
float hash1(float p) {
  p = fract(p * .1031);
  p *= p + 33.33;
  p *= p + p;
  return fract(p);
}

float hash2(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * .1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}

float value_noise(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3. - 2. * f);
  return mix(mix(hash2(i), hash2(i + vec2(1, 0)), f.x),
             mix(hash2(i + vec2(0, 1)), hash2(i + vec2(1, 1)), f.x), f.y);
}

float fractal_noise(vec2 p) {
  float sum = 0., weight = .5;
  for (int i = 0; i < 4; i++) {
    sum += weight * value_noise(p);
    p = p * 2.03 + 17.;
    weight *= .5;
  }
  return sum;
}

float leaf_density(vec3 p, float seed) {
  return .5 * fractal_noise(p.xz * 3.1 + seed * 91.) +
         .5 * fractal_noise(p.yz * 3.3 + seed * 37. + 5.);
}
'''

VERTEX = VERSION + '''
in vec3 in_position, in_normal, in_color, in_tags;
in vec2 in_uv;
uniform mat4 view_projection, light_projection;
out vec3 world, normal, color;
out vec2 uv;
out vec4 in_light;
flat out vec3 tags;

void main() {
  world = in_position;
  normal = in_normal;
  uv = in_uv;
  color = in_color;
  tags = in_tags;
  in_light = light_projection * vec4(in_position, 1);
  gl_Position = view_projection * vec4(in_position, 1);
}
'''

SHADOW = VERSION + MATERIALS + VERTEX_OUTPUTS + NOISE + '''
void main() {
  if (tags.x == float(FOLIAGE) && leaf_density(world, tags.z) < .42) discard;
  if (tags.x == float(BARS) && fract(uv.x * 5.) > .35) discard;
}
'''

# Railings are solid in the label map, as in human annotations.
LABEL = VERSION + MATERIALS + VERTEX_OUTPUTS + NOISE + '''
out vec4 result;

void main() {
  if (tags.x == float(FOLIAGE) && leaf_density(world, tags.z) < .36) discard;
  result = vec4(tags.y / 255., 0, 0, 1);
}
'''

TEXTURES = '''
vec3 asphalt(vec3 c, float px) {
  float patches = fractal_noise(world.xy * .35 + tags.z * 40.);
  c *= .75 + .5 * patches;
  float grain = hash2(floor(world.xy * 40.)) - .5;
  c *= 1. + .35 * grain * smoothstep(.05, .0, px);
  float ruts = fractal_noise(world.xy * vec2(1.2, .12));
  c *= 1. - .25 * smoothstep(.55, .7, ruts);
  return c * (.85 + .3 * step(.5, value_noise(floor(world.xy * .16))));
}

vec3 paving(vec3 c, float px) {
  vec2 slab = world.xy / vec2(.6, .6);
  vec2 from_middle = abs(fract(slab) - .5);
  float joint = smoothstep(.46, .5, max(from_middle.x, from_middle.y));
  c *= (.88 + .2 * hash2(floor(slab))) *
       (1. - .3 * joint * smoothstep(.25, .02, px));
  return c * (.8 + .4 * fractal_noise(world.xy));
}

vec3 foliage(vec3 c, inout vec3 n) {
  if (leaf_density(world, tags.z) < .42) discard;
  c *= .45 + 1.2 * leaf_density(world * 2.3, tags.z + .3);
  vec3 bump = vec3(value_noise(world.xy * 5.), value_noise(world.yz * 5.),
                   value_noise(world.zx * 5.)) - .5;
  n = normalize(n + 1.4 * bump);
  return c;
}

vec3 board(vec3 c) {
  // Bars and gaps that resemble lines of writing.
  float line = fract(uv.y * 2.2);
  vec2 letter = floor(vec2(uv.x * 14., uv.y * 5.) + tags.z * 50.);
  float ink = step(.35, hash2(letter)) * step(.25, line) * step(line, .8);
  float tone = dot(c, vec3(.33)) > .45 ? .05 : .92;
  return mix(c, vec3(tone), ink * .8);
}

vec3 masonry(vec3 c, float px) {
  vec2 brick = uv / vec2(.45, .15);
  brick.x += .5 * mod(floor(brick.y), 2.);
  vec2 from_middle = abs(fract(brick) - .5);
  float joint = smoothstep(.42, .5, max(from_middle.x, from_middle.y));
  float near = smoothstep(.3, .04, px);
  float is_brick = step(.35, fract(tags.z * 7.3));
  c *= mix(.95 + .1 * fractal_noise(uv * 2.),
           (.85 + .3 * hash2(floor(brick))) * (1. - .2 * joint),
           is_brick * near);
  return c * (.85 + .3 * fractal_noise(uv * .4 + tags.z * 9.));
}

vec3 facade(vec3 c, int material, inout float gloss) {
  float storey = 2.7 + .8 * fract(tags.z * 13.1);
  float bay = 1.7 + 1.9 * fract(tags.z * 29.7);
  vec2 window = vec2(.38 + .28 * fract(tags.z * 53.),
                     .42 + .25 * fract(tags.z * 71.));
  vec2 cell = vec2(floor(uv.x / bay), floor(uv.y / storey));
  vec2 q = vec2(fract(uv.x / bay), fract(uv.y / storey));
  bool shop = material == SHOP && uv.y < 2.8;
  if (shop) {
    bay = 2.6;
    cell = vec2(floor(uv.x / bay), 0.);
    q = vec2(fract(uv.x / bay), uv.y / 2.8);
    window = vec2(.86, .78);
  }
  vec2 e = abs(q - vec2(.5, shop ? .5 : .56)) * 2.;
  float frame = max(e.x / window.x, e.y / window.y);
  float random = hash2(cell + tags.z * 100.);
  if (frame < 1.) {
    gloss = .7;
    float curtain = step(.55, random) * step(abs(e.x / window.x), 1.) *
                    step(.45, abs(e.x / window.x));
    c = mix(vec3(.03, .04, .05) + .1 * random, vec3(.5, .47, .4),
            .6 * curtain);
    if (shop)
      c = mix(vec3(.06), vec3(.5, .42, .3) *
              (.3 + fractal_noise(uv * 3. + tags.z * 30.)), .55);
    if (frame > .88 || (!shop && abs(e.x) < .03)) {
      c = vec3(.75) * (.4 + .6 * fract(tags.z * 91.));
      gloss = 0.;
    }
  } else if (!shop && e.x < window.x * 1.1 &&
             q.y > .56 - window.y * .5 - .05 && q.y < .56 - window.y * .5) {
    c *= 1.35;  // sill
  }
  bool door = !shop && cell.y < .5 && random > .78 && e.x < .5 && q.y < .72;
  if (door && material == FACADE) {
    c = vec3(.25, .08, .06) * (.5 + fract(random * 37.) * 1.6);
    gloss = .1;
  }
  if (uv.y < .35) c *= .7;  // plinth
  return c;
}

vec3 texture_color(int material, float px, inout vec3 n, inout float gloss) {
  vec3 c = color;
  if (material == PLAIN) {
    c *= .92 + .16 * value_noise(world.xy * 3. + world.z * 7.);
  } else if (material == ASPHALT) {
    c = asphalt(c, px);
  } else if (material == PAVING) {
    c = paving(c, px);
  } else if (material == FOLIAGE) {
    c = foliage(c, n);
  } else if (material == BARS) {
    if (fract(uv.x * 5.) > .35 && uv.y > .12 && fract(uv.y * 1.1) < .86)
      discard;
  } else if (material == BOARD) {
    c = board(c);
  } else if (material == BRICK) {
    c = masonry(c, px);
  } else if (material == FACADE || material == SHOP) {
    c = facade(masonry(c, px), material, gloss);
  } else if (material == ROOF) {
    c *= .8 + .4 * hash2(floor(uv * vec2(3., 4.))) *
         smoothstep(.4, .05, px) + .1;
  } else if (material == GRASS) {
    c *= .6 + .8 * fractal_noise(world.xy * 2. + world.z * 3.);
  } else if (material == GLOSS) {
    gloss = .35;
  } else if (material == GLASS) {
    gloss = .85;
  }
  return c;
}
'''

STREET = VERSION + MATERIALS + VERTEX_OUTPUTS + '''
out vec4 result;
uniform vec3 eye, sun, sky;
uniform float power, ambient, fog;
uniform sampler2D shadow_map;
''' + NOISE + TEXTURES + '''
float sunlit(vec3 n) {
  vec3 q = in_light.xyz / in_light.w * .5 + .5;
  if (any(lessThan(q, vec3(0))) || any(greaterThan(q, vec3(1)))) return 1.;
  float bias = .0012 + .003 * (1. - max(dot(n, sun), 0.)), sum = 0.;
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++)
      sum += step(q.z - bias,
                  texture(shadow_map, q.xy + vec2(i, j) / 2048.).r);
  return sum / 9.;
}

void main() {
  vec3 n = normalize(normal), v = normalize(eye - world);
  float distance = length(eye - world), gloss = 0.;
  if (dot(n, v) < 0.) n = -n;
  float px = max(length(fwidth(uv)), 1e-4);
  vec3 c = texture_color(int(tags.x + .5), px, n, gloss);

  float direct = sunlit(n) * max(dot(n, sun), 0.);
  float occlusion = mix(.62, 1., smoothstep(0., 1.6, world.z));
  if (n.z > .8) occlusion = 1.;
  vec3 indirect = ambient * mix(vec3(.75, .72, .68), sky, .5 + .5 * n.z) *
                  occlusion;
  vec3 light = c * (indirect + power * vec3(1., .95, .86) * direct);
  if (gloss > 0.) {
    vec3 h = reflect(-v, n);
    float fresnel = pow(1. - max(dot(n, v), 0.), 3.);
    float up = smoothstep(-.05, .35,
                          h.z + .15 * value_noise(world.yz * 1.3));
    vec3 mirrored = mix(vec3(.22, .2, .18), sky * (.7 + .3 * ambient), up);
    light = mix(light, mirrored, gloss * (.18 + .6 * fresnel));
    light += gloss * power * .6 * pow(max(dot(h, sun), 0.), 60.) * sunlit(n);
  }
  light = mix(light, sky * (.8 + .2 * ambient), 1. - exp(-distance * fog));
  result = vec4(light, 1);
}
'''

SKY_VERTEX = VERSION + '''
in vec2 in_corner;
out vec2 corner;

void main() {
  corner = in_corner;
  gl_Position = vec4(in_corner, 0, 1);
}
'''

SKY = VERSION + '''
in vec2 corner;
out vec4 result;
uniform mat4 from_clip;
uniform vec3 sky, sun;
uniform float cloud, seed, power;
''' + NOISE + '''
void main() {
  vec4 far = from_clip * vec4(corner, 1, 1);
  vec4 near = from_clip * vec4(corner, -1, 1);
  vec3 d = normalize(far.xyz / far.w - near.xyz / near.w);
  float z = max(d.z, .01);
  vec3 c = mix(vec3(.93, .95, .97), sky, smoothstep(0., .5, z));
  float cover = fractal_noise(d.xy / (z + .12) * 1.3 + seed * 50.);
  vec3 gray = vec3(.96) * (.75 + .35 * fractal_noise(d.xy / (z + .1) * 3.));
  c = mix(c, gray, smoothstep(.75 - .55 * cloud, .95 - .3 * cloud, cover));
  c += power * .25 * pow(max(dot(d, sun), 0.), 40.);
  result = vec4(c, 1);
}
'''
