# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How everything of the runtime is compiled, whatever project it is part of.

string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
set(MOERT_SANITIZED OFF)
if("${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}" MATCHES "-fsanitize")
  set(MOERT_SANITIZED ON)
endif()

# moert_target(name): language levels, warnings, include roots. Optimised in every build type, as
# compilers and tests that embed the runtime run models with it; sanitizer builds keep their flags.
function(moert_target name)
  target_compile_features(${name} PRIVATE c_std_11 cxx_std_17)
  set_target_properties(${name} PROPERTIES
    C_EXTENSIONS OFF CXX_EXTENSIONS OFF
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_options(${name} PRIVATE -Wall -Wextra
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions> $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)
  if(NOT MOERT_SANITIZED)
    target_compile_options(${name} PRIVATE -O2)
  endif()
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_include_directories(${name} PRIVATE
    ${moert_SOURCE_DIR} ${moert_SOURCE_DIR}/include)
  target_link_libraries(${name} PRIVATE Threads::Threads)
endfunction()
