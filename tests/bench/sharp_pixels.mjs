// Writes sharp's thumbnails before encoding, and at several qualities: for each
// file and width OUT/STEM_WIDTH.png, and OUT/STEM_WIDTH_QUALITY.jpg (or .webp
// for a WebP file; none for a PNG); and OUT/STEM_WIDTH_slow.png, with sharp's
// fastShrinkOnLoad switched off.
//
// Each width comes from the file itself, which is the better of sharp's ways.
//
//   node sharp_pixels.mjs OUT PARALLEL WIDTH,... QUALITY,... FILE...
import {createRequire} from 'node:module';
import path from 'node:path';

// Load sharp from the folder that scripts/bench installed it into.
const sharp = createRequire(process.env.SHARP_FROM + '/')('sharp');
sharp.concurrency(1);
sharp.cache(false);

const [out, parallel, widths, qualities, ...files] = process.argv.slice(2);

async function pixels(file, width) {
  const {name, ext} = path.parse(file);
  const stem = path.join(out, `${name}_${width}`);
  const resized = (options) => sharp(file).autoOrient().resize(
      {width, withoutEnlargement: true, ...options});
  await resized({fastShrinkOnLoad: false}).png().toFile(stem + '_slow.png');
  const {data, info} = await resized({})
      .toColourspace('srgb')
      .raw()
      .toBuffer({resolveWithObject: true});
  const raw = {width: info.width, height: info.height, channels: info.channels};
  await sharp(data, {raw}).png().toFile(stem + '.png');
  if (ext === '.png') return;
  for (const quality of qualities.split(',').map(Number)) {
    const image = sharp(data, {raw});
    await (ext === '.webp' ? image.webp({quality}) : image.jpeg({quality}))
        .toFile(`${stem}_${quality}${ext}`);
  }
}

let next = 0;
async function lane() {
  while (next < files.length) {
    const file = files[next++];
    for (const width of widths.split(',').map(Number)) {
      await pixels(file, width);
    }
  }
}
await Promise.all(Array.from({length: Number(parallel)}, lane));
