# What node-gyp takes from the headers of a Node. Those of Node-API come from npm and know nothing of how a Node was built,
# and a binding of Node-API needs no more: one build serves every version.
{
  'variables': {
    'visibility%': 'default',
    'library%': 'shared_library',
  },
  'target_defaults': {
    'default_configuration': 'Release',
    'defines': ['_GLIBCXX_USE_CXX11_ABI=1'],
    'cflags': ['-pthread', '-fPIC'],
    'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
    'ldflags': ['-pthread'],
    'configurations': {
      'Debug': {'cflags': ['-g', '-O0']},
      'Release': {'cflags': ['-O3']},
    },
  },
}
