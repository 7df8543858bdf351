// A peer that scripts/bench measures against: sharp (libvips), from disk to
// disk, in three ways that its documentation shows:
//
//   raw        one shrink-on-load decode to the largest size, kept as raw
//              pixels, from which all sizes are made
//   clone      one instance fed with the file's bytes, a clone() for each size
//   pipelines  a pipeline of its own for each size
//
//   node sharp_bench.mjs VARIANT OUT PARALLEL WIDTH,WIDTH,... FILE...
//
// It makes PARALLEL images at once; SHARP_THREADS sets the threads of libvips
// (default 1). With SHARP_KEEP_GOING it counts a file that fails; without, such
// a file ends the run. It prints the seconds from the first file to the last,
// without the start of node and the loading of libraries.
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import path from 'node:path';
import {performance} from 'node:perf_hooks';

// Load sharp from the folder that scripts/bench installed it into.
const sharp = createRequire(process.env.SHARP_FROM + '/')('sharp');
sharp.concurrency(Number(process.env.SHARP_THREADS ?? 1));
sharp.cache(false);

const [variant, out, parallel, widths, ...files] = process.argv.slice(2);
const sizes = widths.split(',').map(Number).sort((a, b) => b - a);

const resized = (image, width) =>
    image.resize({width, withoutEnlargement: true});

function save(image, file, width) {
  const {name, ext} = path.parse(file);
  const target = path.join(out, `${name}_${width}${ext}`);
  switch (ext.toLowerCase()) {
    case '.png': return image.png().toFile(target);
    case '.webp': return image.webp({quality: 80}).toFile(target);
    default: return image.jpeg({quality: 80}).toFile(target);
  }
}

const variants = {
  async raw(file) {
    const {data, info} = await resized(sharp(file).autoOrient(), sizes[0])
        .toColourspace('srgb')
        .raw()
        .toBuffer({resolveWithObject: true});
    const raw = {
      width: info.width, height: info.height, channels: info.channels};
    for (const width of sizes) {
      await save(resized(sharp(data, {raw}), width), file, width);
    }
  },
  async clone(file) {
    const image = sharp(await readFile(file)).autoOrient();
    await Promise.all(sizes.map(
        (width) => save(resized(image.clone(), width), file, width)));
  },
  async pipelines(file) {
    for (const width of sizes) {
      await save(resized(sharp(file).autoOrient(), width), file, width);
    }
  },
};

let next = 0, failed = 0;
async function lane() {
  while (next < files.length) {
    try {
      await variants[variant](files[next++]);
    } catch (error) {
      if (!process.env.SHARP_KEEP_GOING) throw error;
      ++failed;
    }
  }
}
const start = performance.now();
await Promise.all(Array.from({length: Number(parallel)}, lane));
console.log(`seconds ${((performance.now() - start) / 1000).toFixed(4)}`);
console.log(`failed ${failed}`);
