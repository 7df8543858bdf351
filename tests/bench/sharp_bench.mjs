// The peer that scripts/bench measures against: sharp (libvips) from disk to
// disk, as fast as its own documentation knows how: one shrink-on-load decode
// an image, to the largest size, from which all sizes are made; libvips with
// one thread an image and `parallel` images at once.
//
//   node sharp_bench.mjs OUT PARALLEL WIDTH,WIDTH,... FILE...
import {createRequire} from 'node:module';
import path from 'node:path';

// From the folder that scripts/bench installed it into, not from here.
const sharp = createRequire(process.env.SHARP_FROM + '/')('sharp');
sharp.concurrency(1);
sharp.cache(false);

const [out, parallel, widths, ...files] = process.argv.slice(2);
const sizes = widths.split(',').map(Number).sort((a, b) => b - a);

async function thumbnails(file) {
  const {name, ext} = path.parse(file);
  const png = ext.toLowerCase() === '.png';
  // Resized from the file itself, so that libjpeg's scaled decoding applies.
  const {data, info} = await sharp(file)
      .autoOrient()
      .resize({width: sizes[0], withoutEnlargement: true})
      .toColourspace('srgb')
      .raw()
      .toBuffer({resolveWithObject: true});
  const raw = {width: info.width, height: info.height, channels: info.channels};
  for (const width of sizes) {
    const image = sharp(data, {raw}).resize({width, withoutEnlargement: true});
    await (png ? image.png() : image.jpeg({quality: 80}))
        .toFile(path.join(out, `${name}_${width}${ext}`));
  }
}

let next = 0;
async function lane() {
  while (next < files.length) await thumbnails(files[next++]);
}
await Promise.all(Array.from({length: Number(parallel)}, lane));
