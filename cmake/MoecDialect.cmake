# TableGen of dialects and passes, and the documentation pages made from the same sources.

add_custom_target(moec-docs COMMENT "documentation of dialects and passes")

# moec_doc(Name generator file.td [arguments...]): build/docs/generated/Name.md
function(moec_doc name generator td)
  set(out ${CMAKE_BINARY_DIR}/docs/generated/${name}.md)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/docs/generated)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.td)
  add_custom_command(OUTPUT ${out}
    COMMAND ${MOEC_LLVM_BIN}/mlir-tblgen ${generator} ${ARGN} -I ${PROJECT_SOURCE_DIR} -I ${MLIR_INCLUDE_DIRS}
            ${CMAKE_CURRENT_SOURCE_DIR}/${td} -o ${out}
    DEPENDS ${sources} VERBATIM)
  add_custom_target(${name}Doc DEPENDS ${out})
  add_dependencies(moec-docs ${name}Doc)
endfunction()

# moec_dialect(MoE moe): <Name>Dialect/Ops/Types/Attrs/Enums .h.inc and .cpp.inc from <Name>.td in this folder,
# under target Moec<Name>IncGen, and docs/generated/<Name>Dialect.md.
function(moec_dialect name namespace)
  set(includes ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  set(LLVM_TARGET_DEFINITIONS ${name}.td)
  file(GLOB tds CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.td)
  set(LLVM_TARGET_DEPENDS ${tds})
  foreach(kind op typedef attrdef)
    string(REPLACE op Ops file ${kind})
    string(REPLACE typedef Types file ${file})
    string(REPLACE attrdef Attrs file ${file})
    mlir_tablegen(${name}${file}.h.inc -gen-${kind}-decls -dialect=${namespace} EXTRA_INCLUDES ${includes})
    mlir_tablegen(${name}${file}.cpp.inc -gen-${kind}-defs -dialect=${namespace} EXTRA_INCLUDES ${includes})
  endforeach()
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${namespace} EXTRA_INCLUDES ${includes})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${namespace} EXTRA_INCLUDES ${includes})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls EXTRA_INCLUDES ${includes})
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs EXTRA_INCLUDES ${includes})
  add_public_tablegen_target(Moec${name}IncGen)
  moec_doc(${name}Dialect -gen-dialect-doc ${name}.td -dialect=${namespace})
endfunction()

# moec_passes(Group): Passes.h.inc from Passes.td in this folder, target Moec<Group>PassesIncGen, docs page <Group>Passes.md.
function(moec_passes group)
  set(includes ${PROJECT_SOURCE_DIR} ${MLIR_INCLUDE_DIRS})
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name ${group} EXTRA_INCLUDES ${includes})
  add_public_tablegen_target(Moec${group}PassesIncGen)
  moec_doc(${group}Passes -gen-pass-doc Passes.td)
endfunction()
