# MLIR and LLVM as Debian packages them, linked dynamically; lld and ccache where present.

find_package(MLIR REQUIRED CONFIG)
# MLIR ships no version file that `find_package(MLIR 22)` would accept.
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "moec needs LLVM/MLIR 22, found ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}; "
                      "set MLIR_DIR to .../lib/cmake/mlir of LLVM 22")
endif()
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")

# mlir_tablegen and friends. MLIR_BINARY_DIR keeps add_mlir_* from writing outside the build tree.
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
set(MLIR_LINK_MLIR_DYLIB ON)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

set(MOEC_LLVM_BIN ${LLVM_TOOLS_BINARY_DIR})

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness is what ccache needs in order to cache users of a precompiled header.
  set(launcher ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

find_program(LLD NAMES ld.lld-22 ld.lld HINTS ${MOEC_LLVM_BIN})
if(LLD)
  add_link_options(--ld-path=${LLD})
endif()
