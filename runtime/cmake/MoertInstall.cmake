# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Headers, libraries, and what pkg-config and find_package(moert) read.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/moert)
set(libraries moert moert-shared)
if(TARGET moert_cli)
  list(APPEND libraries moert_cli)
endif()
install(TARGETS ${libraries} EXPORT moertTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Transports are found beside the library.
if(TARGET moert-gloo)
  install(TARGETS moert-gloo LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
# So is the virtual GPU.
install(TARGETS moert-vgpu LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${moert_SOURCE_DIR}/include/moert DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.h)
install(EXPORT moertTargets NAMESPACE moert:: DESTINATION ${package_dir})

configure_package_config_file(${moert_SOURCE_DIR}/cmake/moertConfig.cmake.in
  ${moert_BINARY_DIR}/moertConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${moert_BINARY_DIR}/moertConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${moert_BINARY_DIR}/moertConfig.cmake ${moert_BINARY_DIR}/moertConfigVersion.cmake
  DESTINATION ${package_dir})

# Relative to the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH MOERT_PREFIX_FROM_LIBDIR
  ${CMAKE_INSTALL_FULL_LIBDIR} ${CMAKE_INSTALL_PREFIX})
configure_file(${moert_SOURCE_DIR}/cmake/moert.pc.in ${moert_BINARY_DIR}/moert.pc @ONLY)
install(FILES ${moert_BINARY_DIR}/moert.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
