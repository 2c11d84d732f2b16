//===- WireSchema.cpp - Fields of ONNX messages on the wire -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The same facts as in onnx.proto, in the form that the scanner walks. A test compares the two.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/WireSchema.h"
#include "lib/Import/onnx.pb.h"

using namespace moec;
using K = FieldKind;

// Messages refer to each other in circles, so every schema is declared before the first field list.
// `extern` gives the const objects a declaration that a later definition can complete.
namespace moec::wire {
extern const MessageSchema graph, node, attribute, tensor, sparseTensor, valueInfo, type, shape,
    dimension, tensorType, elementType, mapType, opaqueType, opset, entry, function, segment;
} // namespace moec::wire
using namespace moec::wire;

static constexpr FieldSchema modelFields[] = {
    {1, K::Varint, "ir_version"},
    {2, K::Bytes, "producer_name"},
    {3, K::Bytes, "producer_version"},
    {4, K::Bytes, "domain"},
    {5, K::Varint, "model_version"},
    {6, K::Bytes, "doc_string"},
    {7, K::Message, "graph", &graph},
    {8, K::Message, "opset_import", &opset, true},
    {14, K::Message, "metadata_props", &entry, true},
    {20, K::Ignored, "training_info"},
    {25, K::Message, "functions", &function, true},
    {26, K::Ignored, "configuration"},
};
static constexpr FieldSchema graphFields[] = {
    {1, K::Message, "node", &node, true},
    {2, K::Name, "name"},
    {5, K::Message, "initializer", &tensor, true},
    {10, K::Bytes, "doc_string"},
    {11, K::Message, "input", &valueInfo, true},
    {12, K::Message, "output", &valueInfo, true},
    {13, K::Message, "value_info", &valueInfo, true},
    {14, K::Ignored, "quantization_annotation"},
    {15, K::Message, "sparse_initializer", &sparseTensor, true},
    {16, K::Message, "metadata_props", &entry, true},
};
static constexpr FieldSchema nodeFields[] = {
    {1, K::Name, "input", nullptr, true},
    {2, K::Name, "output", nullptr, true},
    {3, K::Name, "name"},
    {4, K::Name, "op_type"},
    {5, K::Message, "attribute", &attribute, true},
    {6, K::Bytes, "doc_string"},
    {7, K::Name, "domain"},
    {8, K::Name, "overload"},
    {9, K::Message, "metadata_props", &entry, true},
    {10, K::Ignored, "device_configurations"},
};
static constexpr FieldSchema attributeFields[] = {
    {1, K::Name, "name"},
    {2, K::Fixed32, "f"},
    {3, K::Varint, "i"},
    {4, K::Bytes, "s"},
    {5, K::Message, "t", &tensor},
    {6, K::Message, "g", &graph},
    {7, K::Fixed32s, "floats"},
    {8, K::Varints, "ints"},
    {9, K::Bytes, "strings", nullptr, true},
    {10, K::Message, "tensors", &tensor, true},
    {11, K::Message, "graphs", &graph, true},
    {13, K::Bytes, "doc_string"},
    {14, K::Message, "tp", &type},
    {15, K::Message, "type_protos", &type, true},
    {20, K::Varint, "type"},
    {21, K::Name, "ref_attr_name"},
    {22, K::Message, "sparse_tensor", &sparseTensor},
    {23, K::Message, "sparse_tensors", &sparseTensor, true},
};
static constexpr FieldSchema tensorFields[] = {
    {1, K::Varints, "dims"},
    {2, K::Varint, "data_type"},
    {3, K::Message, "segment", &segment},
    {4, K::Fixed32s, "float_data"},
    {5, K::Varints, "int32_data"},
    {6, K::Bytes, "string_data", nullptr, true},
    {7, K::Varints, "int64_data"},
    {8, K::Name, "name"},
    {9, K::RawData, "raw_data"},
    {10, K::Fixed64s, "double_data"},
    {11, K::Varints, "uint64_data"},
    {12, K::Bytes, "doc_string"},
    {13, K::Message, "external_data", &entry, true},
    {14, K::Varint, "data_location"},
    {16, K::Message, "metadata_props", &entry, true},
};
static constexpr FieldSchema segmentFields[] = {{1, K::Varint, "begin"}, {2, K::Varint, "end"}};
static constexpr FieldSchema sparseTensorFields[] = {
    {1, K::Message, "values", &tensor},
    {2, K::Message, "indices", &tensor},
    {3, K::Varints, "dims"},
};
static constexpr FieldSchema valueInfoFields[] = {
    {1, K::Name, "name"},
    {2, K::Message, "type", &type},
    {3, K::Bytes, "doc_string"},
    {4, K::Message, "metadata_props", &entry, true},
};
static constexpr FieldSchema dimensionFields[] = {
    {1, K::Varint, "dim_value"},
    {2, K::Name, "dim_param"},
    {3, K::Bytes, "denotation"},
};
static constexpr FieldSchema shapeFields[] = {{1, K::RankedMessage, "dim", &dimension, true}};
static constexpr FieldSchema tensorTypeFields[] = {
    {1, K::Varint, "elem_type"},
    {2, K::Message, "shape", &shape},
};
static constexpr FieldSchema elementTypeFields[] = {{1, K::Message, "elem_type", &type}};
static constexpr FieldSchema mapTypeFields[] = {
    {1, K::Varint, "key_type"},
    {2, K::Message, "value_type", &type},
};
static constexpr FieldSchema opaqueTypeFields[] = {{1, K::Name, "domain"}, {2, K::Name, "name"}};
static constexpr FieldSchema typeFields[] = {
    {1, K::Message, "tensor_type", &tensorType},
    {4, K::Message, "sequence_type", &elementType},
    {5, K::Message, "map_type", &mapType},
    {6, K::Bytes, "denotation"},
    {7, K::Message, "opaque_type", &opaqueType},
    {8, K::Message, "sparse_tensor_type", &tensorType},
    {9, K::Message, "optional_type", &elementType},
};
static constexpr FieldSchema opsetFields[] = {{1, K::Name, "domain"}, {2, K::Varint, "version"}};
static constexpr FieldSchema entryFields[] = {{1, K::Bytes, "key"}, {2, K::Bytes, "value"}};
static constexpr FieldSchema functionFields[] = {
    {1, K::Name, "name"},
    {4, K::Name, "input", nullptr, true},
    {5, K::Name, "output", nullptr, true},
    {6, K::Name, "attribute", nullptr, true},
    {7, K::Message, "node", &node, true},
    {8, K::Bytes, "doc_string"},
    {9, K::Message, "opset_import", &opset, true},
    {10, K::Name, "domain"},
    {11, K::Message, "attribute_proto", &attribute, true},
    {12, K::Message, "value_info", &valueInfo, true},
    {13, K::Name, "overload"},
    {14, K::Message, "metadata_props", &entry, true},
};

namespace moec::wire {
template <typename Proto>
static constexpr uint32_t objectBytes = sizeof(Proto) + sizeof(void *);

const MessageSchema graph{graphFields, objectBytes<onnxpb::GraphProto>};
const MessageSchema node{nodeFields, objectBytes<onnxpb::NodeProto>, MessageCount::Node};
const MessageSchema attribute{attributeFields, objectBytes<onnxpb::AttributeProto>,
                              MessageCount::Attribute};
const MessageSchema tensor{tensorFields, objectBytes<onnxpb::TensorProto>, MessageCount::Tensor};
const MessageSchema segment{segmentFields, objectBytes<onnxpb::TensorProto::Segment>};
const MessageSchema sparseTensor{sparseTensorFields, objectBytes<onnxpb::SparseTensorProto>};
const MessageSchema valueInfo{valueInfoFields, objectBytes<onnxpb::ValueInfoProto>};
const MessageSchema dimension{dimensionFields, objectBytes<onnxpb::TensorShapeProto::Dimension>};
const MessageSchema shape{shapeFields, objectBytes<onnxpb::TensorShapeProto>};
const MessageSchema tensorType{tensorTypeFields, objectBytes<onnxpb::TypeProto::Tensor>};
const MessageSchema elementType{elementTypeFields, objectBytes<onnxpb::TypeProto::Sequence>};
const MessageSchema mapType{mapTypeFields, objectBytes<onnxpb::TypeProto::Map>};
const MessageSchema opaqueType{opaqueTypeFields, objectBytes<onnxpb::TypeProto::Opaque>};
const MessageSchema type{typeFields, objectBytes<onnxpb::TypeProto>};
const MessageSchema opset{opsetFields, objectBytes<onnxpb::OperatorSetIdProto>};
const MessageSchema entry{entryFields, objectBytes<onnxpb::StringStringEntryProto>};
const MessageSchema function{functionFields, objectBytes<onnxpb::FunctionProto>};
} // namespace moec::wire

const MessageSchema moec::modelSchema{modelFields, objectBytes<onnxpb::ModelProto>};
