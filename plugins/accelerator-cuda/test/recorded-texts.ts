// What Node, the loader and TensorFlow said on machines where something was wrong, cut to the lines that matter.
import type { PackageName } from '../src/runtime/backend.js'

interface Recorded {
  readonly what: string
  /** Where it comes from: recorded here with TensorFlow 2.16.2, or reported by users of TensorFlow 2.4 to 2.9. */
  readonly from: 'recorded' | 'reported'
  readonly packageName?: PackageName
  readonly said: string
  readonly reason: RegExp
  readonly remedy: RegExp
}

export const RECORDED: readonly Recorded[] = [
  {
    what: 'a package that is not installed',
    from: 'recorded',
    said: "Error: Cannot find module '@tensorflow/tfjs-node'\nRequire stack:\n- /app/[eval]",
    reason: /^@tensorflow\/tfjs-node is not installed\.$/,
    remedy: /^Run: npm install @tensorflow\/tfjs-node, /,
  },
  {
    what: 'a package whose dependencies are not all installed',
    from: 'recorded',
    said: "Error: Cannot find module '@mapbox/node-pre-gyp'\nRequire stack:\n- /app/node_modules/@tensorflow/tfjs-node/dist/index.js",
    reason: /incomplete: it does not find '@mapbox\/node-pre-gyp'/,
    remedy: /npm install @tensorflow\/tfjs-node/,
  },
  {
    what: 'an install script that did not run',
    from: 'recorded',
    said: `Error: The Node.js native addon module (tfjs_binding.node) can not be found at path: /app/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node.\x20
Please run command 'npm rebuild @tensorflow/tfjs-node --build-addon-from-source' to rebuild the native addon module.`,
    reason: /binding of @tensorflow\/tfjs-node is not there \(\/app\/\S+\/napi-v8\/tfjs_binding\.node\)/,
    remedy: /npm rebuild @tensorflow\/tfjs-node --build-addon-from-source.*pnpm approve-builds/,
  },
  {
    what: 'a binding for another Node',
    from: 'reported',
    said: `Error: The module '/app/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'
was compiled against a different Node.js version using
NODE_MODULE_VERSION 108. This version of Node.js requires
NODE_MODULE_VERSION 115. Please try re-compiling or re-installing
the module (for instance, using \`npm rebuild\` or \`npm install\`).`,
    reason: /for NODE_MODULE_VERSION 108, and this Node has 115\.$/,
    remedy: /^Run with this Node: npm rebuild/,
  },
  {
    what: "TensorFlow's library that is not there",
    from: 'recorded',
    said: 'Error: libtensorflow_cc.so.2: cannot open shared object file: No such file or directory\n    at Module._extensions..node (node:internal/modules/cjs/loader:1661:18)',
    reason: /library of TensorFlow is not found: libtensorflow_cc\.so\.2\.$/,
    remedy: /npm rebuild @tensorflow\/tfjs-node.*LD_LIBRARY_PATH/,
  },
  {
    what: "TensorFlow's library under the name that npm's has",
    from: 'reported',
    said: 'Error: libtensorflow.so.2: cannot open shared object file: No such file or directory',
    reason: /not found: libtensorflow\.so\.2\.$/,
    remedy: /LD_LIBRARY_PATH/,
  },
  {
    what: 'a download that was cut short',
    from: 'recorded',
    said: 'Error: /app/node_modules/@tensorflow/tfjs-node/lib/napi-v8/../../deps/lib/libtensorflow_cc.so.2: file too short',
    reason: /damaged.*libtensorflow_cc\.so\.2 \(file too short\)/,
    remedy: /npm rebuild/,
  },
  {
    what: 'another TensorFlow than the binding was built on',
    from: 'recorded',
    said: "Error: /app/deps/lib/libtensorflow_cc.so.2: version `tensorflow' not found (required by /app/lib/napi-v8/tfjs_binding.node)",
    reason: /binding does not fit the library of TensorFlow/,
    remedy: /LD_LIBRARY_PATH/,
  },
  {
    what: 'a symbol that is missing',
    from: 'reported',
    said: 'Error: /app/lib/napi-v8/tfjs_binding.node: undefined symbol: TF_GetBufferFromTensor',
    reason: /lacks TF_GetBufferFromTensor/,
    remedy: /--build-addon-from-source/,
  },
  {
    what: 'a system that is too old',
    from: 'reported',
    said: "Error: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.29' not found (required by /app/deps/lib/libtensorflow.so.2)",
    reason: /lacks GLIBC_2\.29/,
    remedy: /newer system/,
  },
  {
    what: 'a processor without AVX',
    from: 'recorded',
    said: 'Error: it was ended by SIGILL while it loaded',
    reason: /processor has not \(AVX\)/,
    remedy: /accelerator: 'cpu'/,
  },
  {
    what: 'a machine without a driver, as TensorFlow 2.16 says it',
    from: 'recorded',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: `2026-11-24 17:33:20.162976: I external/local_tsl/tsl/cuda/cudart_stub.cc:32] Could not find cuda drivers on your machine, GPU will not be used.
2026-11-24 17:33:20.170090: E external/local_xla/xla/stream_executor/cuda/cuda_fft.cc:479] Unable to register cuFFT factory: Attempting to register factory for plugin cuFFT when one has already been registered`,
    reason: /NVIDIA driver is not there/,
    remedy: /Install the NVIDIA driver.*docker run --gpus all/,
  },
  {
    what: 'a machine without a driver, as TensorFlow 2.9 says it',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: "W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcuda.so.1'; dlerror: libcuda.so.1: cannot open shared object file: No such file or directory",
    reason: /NVIDIA driver is not there/,
    remedy: /Install the NVIDIA driver/,
  },
  {
    what: 'CUDA of another version',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: `W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot open shared object file: No such file or directory; LD_LIBRARY_PATH: /usr/local/cuda-12.3/lib64
W tensorflow/core/common_runtime/gpu/gpu_device.cc:1850] Cannot dlopen some GPU libraries.`,
    reason: /CUDA is missing, or has another version.*libcudart\.so\.11\.0/,
    remedy: /CUDA 11\.2 and cuDNN 8\.1.*LD_LIBRARY_PATH/,
  },
  {
    what: 'cuDNN that is not there',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: `W tensorflow/stream_executor/platform/default/dso_loader.cc:64] Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open shared object file: No such file or directory
W tensorflow/core/common_runtime/gpu/gpu_device.cc:1850] Cannot dlopen some GPU libraries.`,
    reason: /cuDNN is missing.*libcudnn\.so\.8/,
    remedy: /cuDNN 8\.1/,
  },
  {
    what: 'libraries of which TensorFlow does not say which',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'W tensorflow/core/common_runtime/gpu/gpu_device.cc:2251] Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed properly if you would like to use GPU.',
    reason: /some libraries of CUDA or cuDNN/,
    remedy: /LD_LIBRARY_PATH/,
  },
  {
    what: 'cuDNN of another version',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'E tensorflow/stream_executor/cuda/cuda_dnn.cc:378] Loaded runtime CuDNN library: 8.0.5 but source was compiled with: 8.1.0.  CuDNN library needs to have matching major version and equal or higher minor version.',
    reason: /8\.0\.5 is installed, and 8\.1/,
    remedy: /first in LD_LIBRARY_PATH/,
  },
  {
    what: 'a driver that is too old',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'F tensorflow/core: CUDA driver version is insufficient for CUDA runtime version',
    reason: /driver is too old/,
    remedy: /Update the driver/,
  },
  {
    what: 'a kernel module of another version than the library',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'E tensorflow/stream_executor/cuda/cuda_diagnostics.cc:313] kernel version 470.57.2 does not match DSO version 470.82.1 -- cannot find working devices in this configuration',
    reason: /two versions/,
    remedy: /restart the machine/,
  },
  {
    what: 'a driver without a GPU',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'E tensorflow/stream_executor/cuda/cuda_driver.cc:271] failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected',
    reason: /shows no GPU/,
    remedy: /CUDA_VISIBLE_DEVICES/,
  },
  {
    what: 'a GPU whose memory others have',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'E tensorflow/stream_executor/cuda/cuda_driver.cc:794] failed to alloc: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
    reason: /taken by other programs/,
    remedy: /nvidia-smi/,
  },
  {
    what: 'any other failure of CUDA',
    from: 'reported',
    packageName: '@tensorflow/tfjs-node-gpu',
    said: 'E tensorflow/stream_executor/cuda/cuda_driver.cc:271] failed call to cuInit: CUDA_ERROR_UNKNOWN: unknown error',
    reason: /CUDA_ERROR_UNKNOWN/,
    remedy: /nvidia-smi must answer/,
  },
  {
    what: 'any other library that is missing',
    from: 'reported',
    said: 'Error: libstdc++.so.6: cannot open shared object file: No such file or directory',
    reason: /libstdc\+\+\.so\.6/,
    remedy: /package of the system/,
  },
]
