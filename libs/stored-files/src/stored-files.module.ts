import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FileDownloadEntity } from './file-download.entity.js';
import { FileUpkeep } from './file-upkeep.js';
import { FileUsage } from './file-usage.js';
import { ProviderFileEntity } from './provider-file.entity.js';
import { StoredFiles } from './stored-files.js';

@Module({
  imports: [TypeOrmModule.forFeature([ProviderFileEntity, FileDownloadEntity])],
  providers: [StoredFiles, FileUpkeep, FileUsage],
  exports: [StoredFiles, FileUpkeep, FileUsage],
})
export class StoredFilesModule {}
