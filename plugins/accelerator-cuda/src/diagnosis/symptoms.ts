import type { PackageName } from '../runtime/backend.js'

/** What is wrong with an installation, and the line that would change it. */
export interface Diagnosis {
  readonly reason: string
  readonly remedy: string
}

/** How it shows in what Node, the loader and TensorFlow say, and what to tell about it. */
export interface Symptom {
  readonly pattern: RegExp
  /** From the groups of the pattern. */
  readonly reason: (found: readonly string[], packageName: PackageName) => string
  readonly remedy: (packageName: PackageName, found: readonly string[]) => string
}

const DOWNLOADS = 'whose install script downloads the library of TensorFlow (pnpm asks first: pnpm approve-builds)'

const reinstall = (packageName: PackageName): string => `Run: npm rebuild ${packageName}, ${DOWNLOADS}.`

/** What tfjs-node-gpu 4.22 brings is TensorFlow 2.9.1, which was built for these. */
const CUDA = 'CUDA 11.2 and cuDNN 8.1 for the library that tfjs-node-gpu 4.22 brings'

const findable = `Install it (${CUDA}), and name its folder in LD_LIBRARY_PATH before the program starts.`

const DRIVER =
  'Install the NVIDIA driver (450.80 or later), or in a container start it with the GPU: docker run --gpus all.'

/**
 * In the order in which they are looked for: what fails first, first. The texts are those of Node 20 to 24, glibc, and
 * TensorFlow 2.9 (what npm brings) and 2.16 (what the tests run).
 */
export const SYMPTOMS: readonly Symptom[] = [
  {
    pattern: /Cannot find module '(@tensorflow\/tfjs-node(?:-gpu)?)'/,
    reason: ([name]) => `${name} is not installed.`,
    remedy: (name) => `Run: npm install ${name}, ${DOWNLOADS}.`,
  },
  {
    pattern: /Cannot find module '([^']+)'/,
    reason: ([name], packageName) => `the installation of ${packageName} is incomplete: it does not find '${name}'.`,
    remedy: (name) => `Run: npm install ${name}, ${DOWNLOADS}.`,
  },
  {
    pattern: /native addon module \(tfjs_binding\.node\) can ?not be found at path: (\S+?)\.? /,
    reason: ([path], packageName) =>
      `the binding of ${packageName} is not there (${path}): its install script did not run or failed.`,
    remedy: (name) =>
      `Run: npm rebuild ${name} --build-addon-from-source, with g++, make and Python 3 at hand; it downloads the library of TensorFlow (pnpm asks first: pnpm approve-builds).`,
  },
  {
    pattern:
      /compiled against a different Node\.js version using\s+NODE_MODULE_VERSION (\d+)[\s\S]*?NODE_MODULE_VERSION (\d+)/,
    reason: ([built, wanted], packageName) =>
      `the binding of ${packageName} was built for another Node: for NODE_MODULE_VERSION ${built}, and this Node has ${wanted}.`,
    remedy: (name) => `Run with this Node: npm rebuild ${name} --build-addon-from-source.`,
  },
  {
    pattern: /(libtensorflow\w*\.so[\d.]*): cannot open shared object file/,
    reason: ([library]) => `the library of TensorFlow is not found: ${library}.`,
    remedy: (name) =>
      `Run: npm rebuild ${name}, which downloads it (pnpm asks first: pnpm approve-builds), or name the folder of your own in LD_LIBRARY_PATH before the program starts.`,
  },
  {
    pattern: /version [`'](GLIBC(?:XX)?_[\d.]+)' not found/,
    reason: ([version]) =>
      `the C++ runtime of this system is older than the library of TensorFlow: it lacks ${version}.`,
    remedy: () => 'Use a newer system (a container of Debian 12 or Ubuntu 22.04 will do).',
  },
  {
    pattern: /undefined symbol: (\S+)/,
    reason: ([symbol]) => `the binding does not fit the library of TensorFlow that was found: that lacks ${symbol}.`,
    remedy: (name) =>
      `Take other versions of libtensorflow out of LD_LIBRARY_PATH, or run: npm rebuild ${name} --build-addon-from-source.`,
  },
  {
    pattern: /version [`'](tensorflow[\w.]*)' not found/,
    reason: ([version]) =>
      `the binding does not fit the library of TensorFlow that was found: that lacks the version '${version}' of its symbols.`,
    remedy: (name) =>
      `Take other versions of libtensorflow out of LD_LIBRARY_PATH, or run: npm rebuild ${name} --build-addon-from-source.`,
  },
  {
    pattern:
      /(\S+): (invalid ELF header|file too short|wrong ELF class: \S+|cannot open shared object file: Exec format error)/,
    reason: ([path, what]) => `a library is damaged, or for another processor: ${path} (${what}).`,
    remedy: reinstall,
  },
  {
    pattern: /(\S+): cannot allocate memory in static TLS block/,
    reason: ([library]) => `${library} must be loaded before everything else on this processor.`,
    remedy: (_name, [library]) => `Start the program with LD_PRELOAD=${library}.`,
  },
  {
    pattern: /Illegal instruction|SIGILL|was compiled to use (\S+) instructions?, but these aren't available/,
    reason: () => 'the library of TensorFlow uses instructions that this processor has not (AVX).',
    remedy: () => "Choose accelerator: 'cpu', which has no such need.",
  },
  {
    pattern:
      /(?:driver version is insufficient|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|kernel version (\S+) does not match DSO version (\S+))/,
    reason: () =>
      'the NVIDIA driver is too old for this CUDA, or its kernel module and its library are of two versions.',
    remedy: () => 'Update the driver and restart the machine: nvidia-smi must answer without an error.',
  },
  {
    pattern: /Loaded runtime CuDNN library: (\S+) but source was compiled with: (\d+\.\d+)\S*/,
    reason: ([found, wanted]) =>
      `cuDNN has the wrong version: ${found} is installed, and ${wanted} or a later one of the same major version is needed.`,
    remedy: () => `Install the cuDNN that is needed (${CUDA}), and name its folder first in LD_LIBRARY_PATH.`,
  },
  {
    pattern:
      /(libcuda\.so\.1)\b[^\n]*(?:cannot open|dlerror|not found)|Could not find cuda drivers|kernel driver does not appear to be running/,
    reason: () => 'the NVIDIA driver is not there: libcuda.so.1 or its kernel module is missing.',
    remedy: () => DRIVER,
  },
  {
    pattern: /(libcudnn\w*\.so[\d.]*)'?[:;]? [^\n]*(?:cannot open|dlerror)/,
    reason: ([library]) => `cuDNN is missing, or has another version than the library of TensorFlow wants: ${library}.`,
    remedy: () => findable,
  },
  {
    pattern:
      /(lib(?:cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cupti)\.so[\d.]*)'?[:;]? [^\n]*(?:cannot open|dlerror)/,
    reason: ([library]) => `CUDA is missing, or has another version than the library of TensorFlow wants: ${library}.`,
    remedy: () => findable,
  },
  {
    pattern: /Cannot dlopen some GPU libraries/,
    reason: () =>
      'some libraries of CUDA or cuDNN are missing, or have other versions than the library of TensorFlow wants.',
    remedy: () => findable,
  },
  {
    pattern: /CUDA_ERROR_NO_DEVICE|no CUDA-capable device/,
    reason: () => 'the NVIDIA driver shows no GPU to this program.',
    remedy: () => 'Look at CUDA_VISIBLE_DEVICES and at nvidia-smi -L; in a container: docker run --gpus all.',
  },
  {
    pattern: /CUDA_ERROR_OUT_OF_MEMORY|out of memory/,
    reason: () => 'the memory of the GPU is taken by other programs.',
    remedy: () =>
      'See who has it with nvidia-smi; with TF_FORCE_GPU_ALLOW_GROWTH=true TensorFlow takes only what it uses.',
  },
  {
    pattern: /(CUDA_ERROR_\w+)/,
    reason: ([error]) => `CUDA did not start: ${error}.`,
    remedy: () => 'nvidia-smi must answer without an error; restart the machine if it does not.',
  },
  {
    pattern: /(\S+\.so[\d.]*): cannot open shared object file/,
    reason: ([library]) => `a library that TensorFlow needs is not found: ${library}.`,
    remedy: () => 'Install the package of the system that has it, or name its folder in LD_LIBRARY_PATH.',
  },
]
