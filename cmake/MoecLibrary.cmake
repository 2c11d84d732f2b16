# Libraries and tools of the compiler. Project libraries never link MLIR themselves: a static MLIR
# archive beside libMLIR.so would duplicate TypeIDs. Only tools and tests link the two shared libraries.

# libstdc++ 12's stable_sort uses a function that it deprecates itself; clang 22 tells so at every use.
set(MOEC_COMPILE_OPTIONS -Wall -Wextra -Wno-unused-parameter -Wno-deprecated-declarations -fno-exceptions)

add_library(moec-flags INTERFACE)
target_compile_options(moec-flags INTERFACE ${MOEC_COMPILE_OPTIONS})
target_include_directories(moec-flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR})
target_include_directories(moec-flags SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_definitions(moec-flags INTERFACE ${definitions})

# One precompiled header for every translation unit: parsing MLIR's headers is most of a build.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "// anchor of the shared precompiled header\n")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(moec-pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
target_link_libraries(moec-pch PRIVATE moec-flags)
target_precompile_headers(moec-pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/Pch.h)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Reproducible precompiled headers, so that ccache can hit.
  target_compile_options(moec-flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
endif()

# moec_library(Name SOURCES a.cpp ... [DEPENDS MoecOther ...] [GENERATED target ...])
function(moec_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;GENERATED" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC moec-flags ${ARG_DEPENDS})
  target_precompile_headers(${name} REUSE_FROM moec-pch)
  if(ARG_GENERATED)
    add_dependencies(${name} ${ARG_GENERATED})
  endif()
  # Headers generated for a library that this one uses must exist before it compiles.
  foreach(dependency ${ARG_DEPENDS})
    if(TARGET ${dependency}IncGen)
      add_dependencies(${name} ${dependency}IncGen)
    endif()
  endforeach()
endfunction()

# moec_tool(name SOURCES main.cpp DEPENDS MoecX ...): an executable of ours, with the MLIR and LLVM shared libraries.
function(moec_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE moec-flags ${ARG_DEPENDS} MLIR LLVM)
  target_precompile_headers(${name} REUSE_FROM moec-pch)
endfunction()
