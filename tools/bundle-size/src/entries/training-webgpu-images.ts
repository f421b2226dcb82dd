// What a page loads that trains a convolutional network on the GPU by itself.
import { webgpu } from '@levin/accelerator-webgpu'
import { Trainer } from '@levin/trainer'
import { ImageClassifier, ImagesData } from '../models/images.js'

export const result = new Trainer({ accelerator: webgpu(), maxEpochs: 1 }).fit(new ImageClassifier(), new ImagesData())
