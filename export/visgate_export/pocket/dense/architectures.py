"""The shapes of the pocket depth and segmentation networks, both classes of transformers; trains nothing."""

from transformers import (
    BitConfig,
    ConvNextConfig,
    DPTConfig,
    DPTForDepthEstimation,
    UperNetConfig,
    UperNetForSemanticSegmentation,
)

from visgate_export.pocket.palette import CLASS_NAMES

INPUT_SIDE = 128
"""Width and height in pixels of the pictures that both take: twice a scene's, half a drawing's that was enlarged."""

_VIT_WIDTH = 76
_VIT_PATCH = 16


def depth_network() -> DPTForDepthEstimation:
    """DPT-Hybrid, as `Intel/dpt-hybrid-midas` is: a BiT convolutional backbone, and a ViT on its last features.

    Pictures [N, 3, 128, 128], −1 to 1, to nearness [N, 128, 128]: 0 far, 1 near.
    """
    cells = INPUT_SIDE // _VIT_PATCH
    backbone = BitConfig(
        embedding_size=24,
        hidden_sizes=[32, 64, 96],
        depths=[1, 2, 2],
        layer_type="bottleneck",
        num_groups=8,
        global_padding="same",
        embedding_dynamic_padding=True,
        out_features=["stage1", "stage2", "stage3"],
    )
    return DPTForDepthEstimation(
        DPTConfig(
            is_hybrid=True,
            backbone_config=backbone,
            backbone_featmap_shape=[1, 96, cells, cells],
            image_size=INPUT_SIDE,
            patch_size=_VIT_PATCH,
            hidden_size=_VIT_WIDTH,
            intermediate_size=3 * _VIT_WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            backbone_out_indices=[0, 0, 1, 2],
            neck_hidden_sizes=[32, 64, 48, 48],
            fusion_hidden_size=32,
            readout_type="project",
            attn_implementation="eager",
        )
    )


def segmentation_network() -> UperNetForSemanticSegmentation:
    """UperNet on ConvNeXt, as `openmmlab/upernet-convnext-small` is, without the head that only training has.

    Pictures [N, 3, 128, 128], −1 to 1, to logits [N, 43, 128, 128].
    """
    backbone = ConvNextConfig(
        hidden_sizes=[24, 48, 80, 96],
        depths=[1, 1, 2, 1],
        layer_scale_init_value=0.1,  # 1e-6 suits training for weeks
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return UperNetForSemanticSegmentation(
        UperNetConfig(
            backbone_config=backbone,
            hidden_size=40,
            pool_scales=[1, 2, 4],
            use_auxiliary_head=False,
            id2label=dict(enumerate(CLASS_NAMES)),
        )
    )
