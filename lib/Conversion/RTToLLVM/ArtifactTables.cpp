//===- ArtifactTables.cpp - What moert_artifact_v1 points at ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RTToLLVM/Patterns.h"
#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"

#include "dialects/RT/IR/WeightLayout.h"
#include "moert/abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace moec::rt;

namespace {

/// Emits constant globals. A value of a table is built by ops inside the global's initialiser, so
/// it is described by a function that emits it there.
class TableBuilder {
public:
  using Emit = std::function<Value(OpBuilder &)>;

  explicit TableBuilder(ModuleOp module)
      : loc(module.getLoc()), builder(OpBuilder::atBlockEnd(module.getBody())),
        ptr(LLVM::LLVMPointerType::get(module.getContext())), i32(builder.getI32Type()),
        i64(builder.getI64Type()) {}

  Emit integer(Type type, int64_t value) {
    return [=](OpBuilder &b) -> Value {
      return LLVM::ConstantOp::create(b, loc, type, b.getIntegerAttr(type, value));
    };
  }
  Emit null() {
    return [=](OpBuilder &b) -> Value { return LLVM::ZeroOp::create(b, loc, ptr); };
  }
  /// The address of a global or function, null for an empty name.
  Emit address(StringRef symbol) {
    if (symbol.empty())
      return null();
    return [=, symbol = symbol.str()](OpBuilder &b) -> Value {
      return LLVM::AddressOfOp::create(b, loc, ptr, symbol);
    };
  }
  /// An array or struct of `fields`.
  Emit aggregate(Type type, SmallVector<Emit> fields) {
    return [=](OpBuilder &b) -> Value {
      Value value = LLVM::PoisonOp::create(b, loc, type);
      for (auto [index, field] : llvm::enumerate(fields))
        value = LLVM::InsertValueOp::create(b, loc, value, field(b), index);
      return value;
    };
  }

  std::string global(Type type, const Emit &emit, StringRef name = {}) {
    auto op = create(type, Attribute(), name);
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&op.getInitializerRegion());
    Value value = emit(builder);
    LLVM::ReturnOp::create(builder, loc, value);
    return op.getSymName().str();
  }

  /// Address of the NUL-terminated `text`; equal texts share a global.
  Emit string(StringRef text) { return address(stringGlobal(text)); }

  std::string stringGlobal(StringRef text) {
    std::string &name = strings[text];
    if (name.empty()) {
      std::string bytes = text.str() + '\0';
      auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
      name = create(type, builder.getStringAttr(bytes), {}).getSymName().str();
    }
    return name;
  }

  /// Address of an array of structs of `fields`, null if there are none.
  Emit table(LLVM::LLVMStructType type, const SmallVector<SmallVector<Emit>> &rows) {
    if (rows.empty())
      return null();
    SmallVector<Emit> elements;
    for (const SmallVector<Emit> &row : rows)
      elements.push_back(aggregate(type, row));
    auto array = LLVM::LLVMArrayType::get(type, rows.size());
    return address(global(array, aggregate(array, elements)));
  }

  /// Address of an array of `elements` of `type`, null if there are none.
  Emit array(Type type, const SmallVector<Emit> &elements) {
    if (elements.empty())
      return null();
    auto arrayType = LLVM::LLVMArrayType::get(type, elements.size());
    return address(global(arrayType, aggregate(arrayType, elements)));
  }

  Emit sizes(ArrayRef<int64_t> shape) {
    SmallVector<Emit> values;
    for (int64_t size : shape)
      values.push_back(integer(i64, ShapedType::isDynamic(size) ? -1 : size));
    return array(i64, values);
  }

  /// Addresses of names, null where empty.
  Emit names(ArrayRef<StringAttr> list) {
    SmallVector<Emit> values;
    for (StringAttr name : list)
      values.push_back(name.empty() ? null() : string(name));
    return array(ptr, values);
  }

  LLVM::LLVMStructType structType(ArrayRef<Type> fields) {
    return LLVM::LLVMStructType::getLiteral(builder.getContext(), fields);
  }

private:
  LLVM::GlobalOp create(Type type, Attribute value, StringRef name) {
    bool isExternal = !name.empty();
    std::string unique = isExternal ? name.str() : "moert." + std::to_string(next++);
    return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                  isExternal ? LLVM::Linkage::External : LLVM::Linkage::Internal,
                                  unique, value);
  }

  Location loc;
  OpBuilder builder;
  unsigned next = 0;
  llvm::StringMap<std::string> strings;

public:
  Type ptr, i32, i64;
};

} // namespace

static TableBuilder::Emit emitValues(TableBuilder &t, ArrayRef<ValueAttr> values) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (ValueAttr value : values) {
    StringRef dtype = value.getDtype() ? value.getDtype().getValue() : "";
    RankedTensorType type = value.getType();
    rows.push_back(
        {t.string(value.getName()), t.integer(t.i32, getDType(type.getElementType(), dtype)),
         t.integer(t.i32, type.getRank()), t.sizes(type.getShape()), t.names(value.getDimNames())});
  }
  return t.table(t.structType({t.ptr, t.i32, t.i32, t.ptr, t.ptr}), rows);
}

static TableBuilder::Emit emitEntries(TableBuilder &t, ArrayRef<EntryPoint> entries) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (const EntryPoint &entry : entries)
    rows.push_back({t.string(entry.name), t.address(entry.wrapper),
                    t.integer(t.i32, entry.inputs.size()), t.integer(t.i32, entry.outputs.size()),
                    emitValues(t, entry.inputs), emitValues(t, entry.outputs)});
  return t.table(t.structType({t.ptr, t.ptr, t.i32, t.i32, t.ptr, t.ptr}), rows);
}

static_assert(kSlabAlignment == MOERT_SLAB_ALIGNMENT, "what packers write is what runtimes check");

static TableBuilder::Emit emitWeights(TableBuilder &t, const ArtifactTables &tables) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (WeightOp weight : tables.weights) {
    WeightLayout layout = getWeightLayout(weight.getValue());
    // An exchange that nobody begins has no number.
    uint32_t exchange = 0;
    if (FlatSymbolRefAttr name = weight.getExchangeAttr())
      if (auto it = tables.exchangeNumbers.find(name.getValue());
          it != tables.exchangeNumbers.end())
        exchange = 1 + it->second;
    rows.push_back({t.string(weight.getSymName()),
                    t.integer(t.i32, getDType(layout.elementType, "")), t.integer(t.i32, exchange),
                    t.integer(t.i64, layout.numSlabs), t.integer(t.i64, layout.slabBytes),
                    t.integer(t.i64, layout.slabStride)});
  }
  return t.table(t.structType({t.ptr, t.i32, t.i32, t.i64, t.i64, t.i64}), rows);
}

static TableBuilder::Emit emitStates(TableBuilder &t, ArrayRef<StateOp> states) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (StateOp state : states) {
    auto type = cast<RankedTensorType>(state.getType());
    SmallVector<StringAttr> names;
    if (ArrayAttr dimNames = state.getDimNamesAttr())
      llvm::append_range(names, dimNames.getAsRange<StringAttr>());
    rows.push_back({t.string(state.getSymName()),
                    t.integer(t.i32, getDType(type.getElementType(), "")),
                    t.integer(t.i32, type.getRank()), t.sizes(type.getShape()), t.names(names),
                    t.integer(t.i32, state.getAxis()), t.integer(t.i32, state.getGranule()),
                    t.integer(t.i64, state.getCapacity())});
  }
  return t.table(t.structType({t.ptr, t.i32, t.i32, t.ptr, t.ptr, t.i32, t.i32, t.i64}), rows);
}

static TableBuilder::Emit emitKernels(TableBuilder &t, ArrayRef<KernelEntry> kernels) {
  auto levels = LLVM::LLVMArrayType::get(t.ptr, MOERT_ISA_SLOTS);
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (const KernelEntry &kernel : kernels) {
    SmallVector<TableBuilder::Emit> functions;
    for (const std::string &wrapper : kernel.levels)
      functions.push_back(t.address(wrapper));
    functions.resize(MOERT_ISA_SLOTS, t.address(""));
    rows.push_back({t.string(kernel.name), t.aggregate(levels, functions)});
  }
  return t.table(t.structType({t.ptr, levels}), rows);
}

static TableBuilder::Emit emitExchanges(TableBuilder &t, ArrayRef<ExchangeOp> exchanges) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (ExchangeOp exchange : exchanges) {
    SmallVector<TableBuilder::Emit> owners;
    for (int64_t owner : exchange.getOwners())
      owners.push_back(t.integer(t.i32, owner));
    uint32_t axes = 0;
    for (int64_t axis : exchange.getAxes())
      axes |= 1u << axis;
    rows.push_back(
        {t.string(exchange.getSymName()), t.array(t.i32, owners),
         t.integer(t.i32, owners.size() / exchange.getParts()), t.integer(t.i32, axes),
         t.integer(t.i64, exchange.getWindow()), t.integer(t.i64, exchange.getChunks()),
         t.integer(t.i64, exchange.getRowBytes()), t.integer(t.i64, exchange.getResultBytes()),
         t.integer(t.i64, exchange.getRowFlops()), t.integer(t.i64, exchange.getParts())});
  }
  return t.table(
      t.structType({t.ptr, t.ptr, t.i32, t.i32, t.i64, t.i64, t.i64, t.i64, t.i64, t.i64}), rows);
}

static TableBuilder::Emit emitDevice(TableBuilder &t, const std::optional<DeviceCode> &code) {
  if (!code)
    return t.null();
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (const DeviceKernel &kernel : code->kernels) {
    // Read as bytes, up to their number.
    StringRef sizes(reinterpret_cast<const char *>(kernel.parameterBytes.data()),
                    kernel.parameterBytes.size());
    rows.push_back({t.string(kernel.name), t.string(sizes), t.integer(t.i32, sizes.size()),
                    t.integer(t.i32, 0)});
  }
  TableBuilder::Emit kernels = t.table(t.structType({t.ptr, t.ptr, t.i32, t.i32}), rows);
  StringRef cubin = code->cubin ? code->cubin.getValue() : "";
  return t.table(
      t.structType({t.ptr, t.ptr, t.ptr, t.i64, t.ptr, t.i32, t.i32}),
      {{t.string(code->chip), t.string(code->ptx), cubin.empty() ? t.null() : t.string(cubin),
        t.integer(t.i64, cubin.size()), kernels, t.integer(t.i32, code->kernels.size()),
        t.integer(t.i32, code->hostOperators)}});
}

static TableBuilder::Emit emitHostWork(TableBuilder &t, ArrayRef<HostWork> entries) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (const HostWork &work : entries)
    rows.push_back({t.integer(t.i32, work.operators), t.integer(t.i32, work.scalarReads),
                    t.integer(t.i32, work.scalarWrites), t.integer(t.i32, work.launches)});
  return t.table(t.structType({t.i32, t.i32, t.i32, t.i32}), rows);
}

static TableBuilder::Emit emitChecks(TableBuilder &t, const DeviceCode &code) {
  SmallVector<SmallVector<TableBuilder::Emit>> rows;
  for (auto &[check, number] : code.checks)
    rows.push_back({t.string(check.first), t.integer(t.i32, static_cast<int32_t>(check.second)),
                    t.integer(t.i32, 0)});
  return t.table(t.structType({t.ptr, t.i32, t.i32}), rows);
}

LogicalResult moec::rt::createArtifact(ModuleOp module, const ArtifactTables &tables,
                                       ArrayRef<uint8_t> buildId, StringRef producer) {
  for (WeightOp weight : tables.weights) {
    Type element = getWeightLayout(weight.getValue()).elementType;
    if (getDType(element, "") == MOERT_UNDEFINED)
      return weight.emitOpError() << "the runtime has no dtype for " << element;
  }
  for (StateOp state : tables.states)
    if (auto type = cast<RankedTensorType>(state.getType());
        getDType(type.getElementType(), "") == MOERT_UNDEFINED || type.getRank() > MOERT_MAX_RANK)
      return state.emitOpError() << "the runtime has no buffer of type " << type;

  TableBuilder t(module);
  Type i8 = IntegerType::get(module.getContext(), 8);
  auto idType = LLVM::LLVMArrayType::get(i8, buildId.size());
  SmallVector<TableBuilder::Emit> id;
  for (uint8_t byte : buildId)
    id.push_back(t.integer(i8, static_cast<int8_t>(byte)));
  auto metadata = module->getAttrOfType<StringAttr>(RTDialect::kMetadata);
  auto gridAttr = module->getAttrOfType<DenseI64ArrayAttr>(RTDialect::kGrid);
  ArrayRef<int64_t> grid = gridAttr ? gridAttr.asArrayRef() : ArrayRef<int64_t>();
  SmallVector<TableBuilder::Emit> gridSizes;
  for (int64_t size : grid)
    gridSizes.push_back(t.integer(t.i64, size));
  auto type = t.structType({t.i32, t.i32, idType, t.ptr, t.i32, t.i32, t.i32, t.i32,
                            t.ptr, t.ptr, t.ptr,  t.ptr, t.ptr, t.i64, t.i32, t.i32,
                            t.ptr, t.ptr, t.ptr,  t.ptr, t.ptr, t.i32, t.i32});
  const std::optional<DeviceCode> &device = tables.device;
  SmallVector<TableBuilder::Emit> fields = {t.integer(t.i32, MOERT_ABI_VERSION),
                                            t.integer(t.i32, sizeof(moert_artifact_v1)),
                                            t.aggregate(idType, id),
                                            t.string(producer),
                                            t.integer(t.i32, tables.entries.size()),
                                            t.integer(t.i32, tables.weights.size()),
                                            t.integer(t.i32, tables.states.size()),
                                            t.integer(t.i32, tables.kernels.size()),
                                            emitEntries(t, tables.entries),
                                            emitWeights(t, tables),
                                            emitStates(t, tables.states),
                                            emitKernels(t, tables.kernels),
                                            metadata ? t.string(metadata) : t.null(),
                                            t.integer(t.i64, sizeof(moert_functions)),
                                            t.integer(t.i32, grid.size()),
                                            t.integer(t.i32, tables.exchanges.size()),
                                            t.array(t.i64, gridSizes),
                                            emitExchanges(t, tables.exchanges),
                                            emitDevice(t, device),
                                            device ? emitHostWork(t, device->hostWork) : t.null(),
                                            device ? emitChecks(t, *device) : t.null(),
                                            t.integer(t.i32, device ? device->checks.size() : 0),
                                            t.integer(t.i32, 0)};
  t.global(type, t.aggregate(type, fields), MOERT_ARTIFACT_SYMBOL);
  return success();
}

void moec::rt::createMessages(ModuleOp module, ArtifactTables &tables) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  module.walk([&](CheckOp check) {
    auto [entry, isNew] = tables.messages.try_emplace(check.getMessage());
    if (!isNew)
      return;
    entry->second = "moert.message." + std::to_string(tables.messages.size() - 1);
    std::string bytes = check.getMessage().str() + '\0';
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
    LLVM::GlobalOp::create(builder, check.getLoc(), type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, entry->second, builder.getStringAttr(bytes));
  });
}

void moec::rt::numberSymbols(ModuleOp module, ArtifactTables &tables) {
  SymbolTable symbols(module);
  module.walk([&](Operation *op) {
    if (auto get = dyn_cast<GetWeightOp>(op)) {
      if (tables.weightNumbers.try_emplace(get.getWeight(), tables.weights.size()).second)
        tables.weights.push_back(symbols.lookup<WeightOp>(get.getWeight()));
      return;
    }
    if (auto begin = dyn_cast<BeginExchangeOp>(op))
      if (tables.exchangeNumbers.try_emplace(begin.getExchange(), tables.exchanges.size()).second)
        tables.exchanges.push_back(symbols.lookup<ExchangeOp>(begin.getExchange()));
    if (auto handle = dyn_cast<StateHandleOp>(op))
      if (tables.stateNumbers.try_emplace(handle.getState(), tables.states.size()).second)
        tables.states.push_back(symbols.lookup<StateOp>(handle.getState()));
  });
}
